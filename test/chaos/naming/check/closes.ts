import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { leaseEndsBy } from './downtimes.js';
import { tenures } from './tenures.js';

/**
 * R6: `close()` takes a bounded time. With etcd reachable, the record is gone when it returns; otherwise when the lease
 * expires. R4: after a successful close, the owner writes nothing.
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
    if (goneAt >= from) found.count(cutOff ? 'R6 unreachable closes' : 'R6 reachable closes');
    if (cutOff) {
      if (goneAt > leaseEndsBy(history, from))
        found.report(
          'R6',
          `${last?.key} remained ${Math.round(goneAt - from)} ms after ${incarnation} was closed`,
        );
      continue;
    }
    found.count('R4 closes');
    const late = own.find((tenure) => tenure.from.revision > revision);
    if (late)
      found.report(
        'R4',
        `${late.key} was written at ${late.from.revision}, after ${incarnation} had closed at ${revision}`,
      );
    const remains = own.some(
      (one) => one.from.revision <= revision && (one.to?.revision ?? revision + 1n) > revision,
    );
    if (remains)
      found.report('R6', `${last?.key} is still there at ${revision}, after ${incarnation} had closed`);
  }
  return found;
};
