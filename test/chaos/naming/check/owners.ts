import type { FaultFact } from '../../history.js';
import { factsOf, type StoreHistory, workerOf } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { leaseEndsBy, pausedMs } from './downtimes.js';
import { type Tenure, tenures } from './tenures.js';

/** As often may one fault change an owner: the one that it drives off, and the one that came in its place. */
const maxChangesPerFault = 2;

/**
 * R5: of two with one key, one takes over only when the other's record is gone; that has a cause, and no fault makes
 * them take turns. Who lost the key is told.
 */
export const ownerChangesHaveCause: Check = (history) => {
  const found = new Findings();
  const all = tenures(history.truth);
  const blamed = new Map<FaultFact, number>();
  for (const [i, next] of all.slice(1).entries()) {
    const former = all[i];
    if (former?.key !== next.key || workerOf(former.incarnation) === workerOf(next.incarnation)) continue;
    found.count('R5 changes of owner');
    const what = `${next.key} from ${former.incarnation} to ${next.incarnation} at ${next.from.revision}`;
    if (former.endedBy === 'put') found.report('R5', `${what}: written over`);
    const cause = causeOf(former, history);
    if (!cause) found.report('R5', `${what}: nothing had happened to the former`);
    else blamed.set(cause, (blamed.get(cause) ?? 0) + 1);
    checkLoser(former, next, history, found);
  }
  for (const [{ name, target }, times] of blamed)
    if (times > maxChangesPerFault)
      found.report('R5', `${name} of ${target} changed the owner ${times} times`);
  return found;
};

/** The last fault that the former owner felt, in time to have cost it its lease. */
function causeOf(former: Tenure, history: StoreHistory): FaultFact | undefined {
  const goneAt = former.to?.at ?? 0;
  const { slackMs } = history.limits;
  return factsOf(history, 'fault')
    .filter(({ clients }) => clients === 'all' || clients.includes(workerOf(former.incarnation)))
    .filter(({ from, to }) => from <= goneAt + slackMs && leaseEndsBy(history, to) + slackMs >= goneAt)
    .at(-1);
}

/** Unless it is dead, or was closed. */
function checkLoser(former: Tenure, next: Tenure, history: StoreHistory, found: Findings): void {
  const { incarnation } = former;
  const { ttlMs, slackMs } = history.limits;
  const at = next.from.at;
  const by = at + ttlMs + slackMs;
  const isGone = (when: number) => when <= by + pausedMs(history, incarnation, at, when);
  if (factsOf(history, 'closed').some((one) => one.incarnation === incarnation && isGone(one.from))) return;
  if (factsOf(history, 'killed').some((one) => one.incarnation === incarnation && isGone(one.at))) return;
  if (factsOf(history, 'end').some((end) => isGone(end.at))) return;
  found.count('R5 losers');
  const told = factsOf(history, 'lost').find(
    (one) => one.incarnation === incarnation && former.leases.has(one.lease),
  );
  if (!told) found.report('R5', `${incarnation} was not told that ${next.key} is ${next.incarnation}'s`);
  else if (!isGone(told.at))
    found.report(
      'R5',
      `${incarnation} was told only after ${Math.round(told.at - at)} ms that ${next.key} is ${next.incarnation}'s`,
    );
}
