import { factsOf } from '../history.js';
import { absences, leaseEndsBy } from './lives.js';
import { tenures } from './tenures.js';
import { type Check, Findings } from './verdict.js';

/** R1: where a record stands, its owner lived a lease's time ago at most. Who is frozen does not live. */
export const deadOwnersLoseTheirRecord: Check = (chapter) => {
  const found = new Findings();
  const endAt = factsOf(chapter, 'end').at(-1)?.at ?? 0;
  for (const { life, from, to } of absences(chapter)) {
    const until = leaseEndsBy(chapter, from);
    for (const tenure of tenures(chapter.truth)) {
      const endedAt = tenure.to?.at ?? endAt;
      if (tenure.life !== life || endedAt < from || tenure.from.at > to) continue;
      if (tenure.endedBy === 'delete' && endedAt <= to) found.saw('R1 deaths');
      const seenAt = Math.min(endedAt, to);
      if (seenAt <= until) continue;
      const late = Math.round(seenAt - from);
      found.wrong('R1', `${tenure.key} of ${life} stood ${late} ms after its owner had stopped living`);
    }
  }
  return found;
};
