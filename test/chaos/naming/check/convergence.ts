import { type ConvergenceProperty, factsOf } from '../history.js';
import { type Check, type CheckedCase, Findings, type PropertyId } from './check-result.js';

const descriptions: Readonly<Record<ConvergenceProperty, string>> = {
  R1: "a dead one's record stood",
  R2: "a living one's store value did not stand",
  N4: 'a view showed what was deleted',
  N5: 'a view was not the store',
};

/** N4, N5, R1 and R2: once a fault is over, all is well again within a bound. N8: after a wipe, by the new store. */
export const convergesAfterFaults: Check = (history) => {
  const found = new Findings();
  const { convergenceMs } = history.limits;
  for (const { after, durationsMs } of factsOf(history, 'converged')) {
    for (const [name, ms] of Object.entries(durationsMs) as [ConvergenceProperty, number | undefined][]) {
      const isWipe = after === 'wipe' && (name === 'N4' || name === 'N5');
      const promise: PropertyId = isWipe ? 'N8' : name;
      found.count(`${promise} mends` as CheckedCase);
      if (ms !== undefined && ms <= convergenceMs) continue;
      const long = ms === undefined ? 'until it was given up' : `for ${Math.round(ms)} ms`;
      found.report(promise, `after ${after} ${descriptions[name]} ${long}`);
    }
  }
  return found;
};
