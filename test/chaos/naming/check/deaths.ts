import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { downtimes, leaseEndsBy } from './downtimes.js';
import { tenures } from './tenures.js';

/** R1: a record remains for at most one lease TTL after its owner stopped. A paused owner counts as stopped. */
export const deadOwnersLoseRecords: Check = (history) => {
  const found = new Findings();
  const endAt = factsOf(history, 'end').at(-1)?.at ?? 0;
  for (const { incarnation, from, to } of downtimes(history)) {
    const until = leaseEndsBy(history, from);
    for (const tenure of tenures(history.truth)) {
      const endedAt = tenure.to?.at ?? endAt;
      if (tenure.incarnation !== incarnation || endedAt < from || tenure.from.at > to) continue;
      if (tenure.endedBy === 'delete' && endedAt <= to) found.count('R1 deaths');
      const seenAt = Math.min(endedAt, to);
      if (seenAt <= until) continue;
      const late = Math.round(seenAt - from);
      found.report('R1', `${tenure.key} of ${incarnation} remained ${late} ms after its owner had stopped`);
    }
  }
  return found;
};
