import { factsOf, type Mended } from '../history.js';
import { type Aspect, type Check, Findings, type Promised } from './verdict.js';

const whats: Readonly<Record<Mended, string>> = {
  R1: "a dead one's record stood",
  R2: "a living one's present value did not stand",
  N4: 'a view showed what was deleted',
  N5: 'a view was not the store',
};

/** N4, N5, R1 and R2: once a fault is over, all is well again within a bound. N8: after a wipe, by the new store. */
export const allIsWellAgain: Check = (chapter) => {
  const found = new Findings();
  const { wellMs } = chapter.limits;
  for (const { after, took } of factsOf(chapter, 'mend')) {
    for (const [name, ms] of Object.entries(took) as [Mended, number | undefined][]) {
      const isWipe = after === 'wipe' && (name === 'N4' || name === 'N5');
      const promise: Promised = isWipe ? 'N8' : name;
      found.saw(`${promise} mends` as Aspect);
      if (ms !== undefined && ms <= wellMs) continue;
      const long = ms === undefined ? 'until it was given up' : `for ${Math.round(ms)} ms`;
      found.wrong(promise, `after ${after} ${whats[name]} ${long}`);
    }
  }
  return found;
};
