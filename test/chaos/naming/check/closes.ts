import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { leaseEndsBy } from './downtimes.js';
import { tenures } from './tenures.js';

/**
 * R6: `close()` takes a bounded time; when etcd heard it, the record is gone with its return, else with its lease's
 * time. R4: once etcd has heard it, nothing of the owner's is written any more.
 */
export const closesAreFinalAndBounded: Check = (history) => {
  const found = new Findings();
  const { limits, truth } = history;
  const endAt = factsOf(history, 'end').at(-1)?.at ?? 0;
  for (const { incarnation, from, to, cutOff, revision } of factsOf(history, 'closed')) {
    found.count('R6 closes');
    const took = Math.round(to - from);
    if (took > limits.closeMs + limits.slackMs) found.report('R6', `${incarnation} took ${took} ms to close`);
    const own = tenures(truth).filter((tenure) => tenure.incarnation === incarnation);
    const last = own.at(-1);
    const goneAt = last ? (last.to?.at ?? endAt) : 0;
    if (goneAt >= from) found.count(cutOff ? 'R6 unheard closes' : 'R6 heard closes');
    if (cutOff) {
      if (goneAt > leaseEndsBy(history, from))
        found.report(
          'R6',
          `${last?.key} stood ${Math.round(goneAt - from)} ms after ${incarnation} was closed`,
        );
      continue;
    }
    found.count('R4 closes');
    const late = own.find((tenure) => tenure.from.revision > revision);
    if (late)
      found.report(
        'R4',
        `${late.key} is written at ${late.from.revision}, after ${incarnation} had closed at ${revision}`,
      );
    const stands = own.some(
      (one) => one.from.revision <= revision && (one.to?.revision ?? revision + 1n) > revision,
    );
    if (stands) found.report('R6', `${last?.key} stands at ${revision}, and ${incarnation} had closed`);
  }
  return found;
};
