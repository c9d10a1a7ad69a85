import { factsOf } from '../history.js';
import { type Check, Findings } from './verdict.js';

/** N8: who follows a store that was wiped is told that it is another one, and nobody is told so without cause. */
export const wipesAreTold: Check = (chapter) => {
  const found = new Findings();
  const told = factsOf(chapter, 'relisted').filter(({ reason }) => reason === 'rolled-back');
  const wipes = factsOf(chapter, 'wiped');
  for (const { viewers, at } of wipes) {
    for (const viewer of viewers) {
      found.saw('N8 wipes');
      if (!told.some((one) => one.viewer === viewer && one.at >= at))
        found.wrong('N8', `${viewer} was not told that the store was wiped`);
    }
  }
  for (const { viewer, at } of told)
    if (!wipes.some((wipe) => wipe.at <= at && wipe.viewers.includes(viewer)))
      found.wrong('N8', `${viewer} was told of another store, and there was none`);
  return found;
};
