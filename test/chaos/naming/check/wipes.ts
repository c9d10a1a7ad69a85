import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';

/**
 * N8: every viewer of a wiped store is notified that the store was replaced, and no viewer is notified without a wipe.
 */
export const wipesAreReported: Check = (history) => {
  const found = new Findings();
  const reported = factsOf(history, 'relisted').filter(({ reason }) => reason === 'rolled-back');
  const wipes = factsOf(history, 'wiped');
  for (const { viewers, at } of wipes) {
    for (const viewer of viewers) {
      found.count('N8 wipes');
      if (!reported.some((one) => one.viewer === viewer && one.at >= at))
        found.report('N8', `${viewer} was not notified of the wipe`);
    }
  }
  for (const { viewer, at } of reported)
    if (!wipes.some((wipe) => wipe.at <= at && wipe.viewers.includes(viewer)))
      found.report('N8', `${viewer} was notified of a wipe that did not happen`);
  return found;
};
