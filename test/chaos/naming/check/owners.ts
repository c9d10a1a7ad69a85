import type { FaultFact } from '../../history.js';
import { factsOf, type StoreHistory, workerOf } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { leaseEndsBy, pausedMs } from './downtimes.js';
import { type Tenure, tenures } from './tenures.js';

/** One fault may change the owner twice: away from the former owner, and away from its successor. */
const maxChangesPerFault = 2;

/**
 * R5: a rival takes a key over only after the other's record is gone. Each change has a cause, and no fault makes the
 * owners alternate. The previous owner is notified.
 */
export const ownerChangesHaveCause: Check = (history) => {
  const found = new Findings();
  const all = tenures(history.truth);
  const changesByFault = new Map<FaultFact, number>();
  for (const [i, next] of all.slice(1).entries()) {
    const former = all[i];
    if (former?.key !== next.key || workerOf(former.incarnation) === workerOf(next.incarnation)) continue;
    found.count('R5 changes of owner');
    const what = `${next.key} from ${former.incarnation} to ${next.incarnation} at ${next.from.revision}`;
    if (former.endedBy === 'put') found.report('R5', `${what}: overwritten`);
    const cause = causeOf(former, history);
    if (!cause) found.report('R5', `${what}: no fault had affected the former owner`);
    else changesByFault.set(cause, (changesByFault.get(cause) ?? 0) + 1);
    checkPreviousOwner(former, next, history, found);
  }
  for (const [{ name, target }, times] of changesByFault)
    if (times > maxChangesPerFault)
      found.report('R5', `${name} of ${target} changed the owner ${times} times`);
  return found;
};

/** The last fault that affected the former owner and can have ended its lease. */
function causeOf(former: Tenure, history: StoreHistory): FaultFact | undefined {
  const goneAt = former.to?.at ?? 0;
  const { slackMs } = history.limits;
  return factsOf(history, 'fault')
    .filter(({ clients }) => clients === 'all' || clients.includes(workerOf(former.incarnation)))
    .filter(({ from, to }) => from <= goneAt + slackMs && leaseEndsBy(history, to) + slackMs >= goneAt)
    .at(-1);
}

/** The previous owner must be notified, unless it is dead or closed. */
function checkPreviousOwner(former: Tenure, next: Tenure, history: StoreHistory, found: Findings): void {
  const { incarnation } = former;
  const { ttlMs, slackMs } = history.limits;
  const at = next.from.at;
  const by = at + ttlMs + slackMs;
  const isGone = (when: number) => when <= by + pausedMs(history, incarnation, at, when);
  if (factsOf(history, 'closed').some((one) => one.incarnation === incarnation && isGone(one.from))) return;
  if (factsOf(history, 'killed').some((one) => one.incarnation === incarnation && isGone(one.at))) return;
  if (factsOf(history, 'end').some((end) => isGone(end.at))) return;
  found.count('R5 replaced owners');
  const reported = factsOf(history, 'lost').find(
    (one) => one.incarnation === incarnation && former.leases.has(one.lease),
  );
  if (!reported)
    found.report('R5', `${incarnation} was not notified that ${next.key} belongs to ${next.incarnation}`);
  else if (!isGone(reported.at))
    found.report(
      'R5',
      `${incarnation} was notified only after ${Math.round(reported.at - at)} ms that ${next.key} belongs to ${next.incarnation}`,
    );
}
