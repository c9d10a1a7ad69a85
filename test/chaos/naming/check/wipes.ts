import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';

/** N8: who follows a store that was wiped is told that it is another one, and nobody is told so without cause. */
export const wipesAreReported: Check = (history) => {
  const found = new Findings();
  const told = factsOf(history, 'relisted').filter(({ reason }) => reason === 'rolled-back');
  const wipes = factsOf(history, 'wiped');
  for (const { viewers, at } of wipes) {
    for (const viewer of viewers) {
      found.count('N8 wipes');
      if (!told.some((one) => one.viewer === viewer && one.at >= at))
        found.report('N8', `${viewer} was not told that the store was wiped`);
    }
  }
  for (const { viewer, at } of told)
    if (!wipes.some((wipe) => wipe.at <= at && wipe.viewers.includes(viewer)))
      found.report('N8', `${viewer} was told of another store, and there was none`);
  return found;
};
