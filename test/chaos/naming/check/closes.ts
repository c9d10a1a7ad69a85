import { factsOf } from '../history.js';
import { leaseEndsBy } from './lives.js';
import { tenures } from './tenures.js';
import { type Check, Findings } from './verdict.js';

/**
 * R6: `close()` takes a bounded time; when etcd heard it, the record is gone with its return, else with its lease's
 * time. R4: once etcd has heard it, nothing of the owner's is written any more.
 */
export const closesAreFinalAndBounded: Check = (chapter) => {
  const found = new Findings();
  const { limits, truth } = chapter;
  const endAt = factsOf(chapter, 'end').at(-1)?.at ?? 0;
  for (const { life, from, to, cutOff, revision } of factsOf(chapter, 'closed')) {
    found.saw('R6 closes');
    const took = Math.round(to - from);
    if (took > limits.closeMs + limits.slackMs) found.wrong('R6', `${life} took ${took} ms to close`);
    const own = tenures(truth).filter((tenure) => tenure.life === life);
    const last = own.at(-1);
    const goneAt = last ? (last.to?.at ?? endAt) : 0;
    if (goneAt >= from) found.saw(cutOff ? 'R6 unheard closes' : 'R6 heard closes');
    if (cutOff) {
      if (goneAt > leaseEndsBy(chapter, from))
        found.wrong('R6', `${last?.key} stood ${Math.round(goneAt - from)} ms after ${life} was closed`);
      continue;
    }
    found.saw('R4 closes');
    const late = own.find((tenure) => tenure.from.revision > revision);
    if (late)
      found.wrong(
        'R4',
        `${late.key} is written at ${late.from.revision}, after ${life} had closed at ${revision}`,
      );
    const stands = own.some(
      (one) => one.from.revision <= revision && (one.to?.revision ?? revision + 1n) > revision,
    );
    if (stands) found.wrong('R6', `${last?.key} stands at ${revision}, and ${life} had closed`);
  }
  return found;
};
