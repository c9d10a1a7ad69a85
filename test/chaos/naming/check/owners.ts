import type { FaultFact } from '../../history.js';
import { type Chapter, factsOf, handOf } from '../history.js';
import { frozenMs, leaseEndsBy } from './lives.js';
import { type Tenure, tenures } from './tenures.js';
import { type Check, Findings } from './verdict.js';

/** As often may one fault change an owner: the one that it drives off, and the one that came in its place. */
const changesAFault = 2;

/**
 * R5: of two with one key, one takes over only when the other's record is gone; that has a cause, and no fault makes
 * them take turns. Who lost the key is told.
 */
export const ownersTakeTurns: Check = (chapter) => {
  const found = new Findings();
  const all = tenures(chapter.truth);
  const blamed = new Map<FaultFact, number>();
  for (const [i, next] of all.slice(1).entries()) {
    const former = all[i];
    if (former?.key !== next.key || handOf(former.life) === handOf(next.life)) continue;
    found.saw('R5 changes of owner');
    const what = `${next.key} from ${former.life} to ${next.life} at ${next.from.revision}`;
    if (former.endedBy === 'put') found.wrong('R5', `${what}: written over`);
    const cause = causeOf(former, chapter);
    if (!cause) found.wrong('R5', `${what}: nothing had happened to the former`);
    else blamed.set(cause, (blamed.get(cause) ?? 0) + 1);
    judgeLoser(former, next, chapter, found);
  }
  for (const [{ name, target }, times] of blamed)
    if (times > changesAFault) found.wrong('R5', `${name} of ${target} changed the owner ${times} times`);
  return found;
};

/** The last fault that the former owner felt, in time to have cost it its lease. */
function causeOf(former: Tenure, chapter: Chapter): FaultFact | undefined {
  const goneAt = former.to?.at ?? 0;
  const { slackMs } = chapter.limits;
  return factsOf(chapter, 'fault')
    .filter(({ clients }) => clients === 'all' || clients.includes(handOf(former.life)))
    .filter(({ from, to }) => from <= goneAt + slackMs && leaseEndsBy(chapter, to) + slackMs >= goneAt)
    .at(-1);
}

/** Unless it is dead, or was closed. */
function judgeLoser(former: Tenure, next: Tenure, chapter: Chapter, found: Findings): void {
  const { life } = former;
  const { ttlMs, slackMs } = chapter.limits;
  const at = next.from.at;
  const by = at + ttlMs + slackMs;
  const isGone = (when: number) => when <= by + frozenMs(chapter, life, at, when);
  if (factsOf(chapter, 'closed').some((one) => one.life === life && isGone(one.from))) return;
  if (factsOf(chapter, 'killed').some((one) => one.life === life && isGone(one.at))) return;
  if (factsOf(chapter, 'end').some((end) => isGone(end.at))) return;
  found.saw('R5 losers');
  const told = factsOf(chapter, 'lost').find((one) => one.life === life && former.leases.has(one.lease));
  if (!told) found.wrong('R5', `${life} was not told that ${next.key} is ${next.life}'s`);
  else if (!isGone(told.at))
    found.wrong(
      'R5',
      `${life} was told only after ${Math.round(told.at - at)} ms that ${next.key} is ${next.life}'s`,
    );
}
