import { factsOf, type LockHistory, type RequestFact } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { endOf, undisturbedMs } from './disturbances.js';
import { type Held, isDeletedByHand, placeOf } from './exclusion.js';
import { type Place, queueOf } from './queue.js';

/**
 * M6: every waiter gets the lock or an error. One whose key is the oldest learns it, and one whose key is gone ends or
 * queues again, within a bound that does not count the time of faults. At the end of the run, no request is open.
 */
export const waitersEnd: Check = (history) => {
  const found = new Findings();
  for (const request of factsOf(history, 'request')) checkWaiter(request, history, found);
  for (const { system, incarnation } of factsOf(history, 'undrained'))
    found.report(system, 'M6', `${incarnation} still waits at the end`);
  return found;
};

function checkWaiter(request: RequestFact, history: LockHistory, found: Findings): void {
  const { keys, failed, holding, incarnation } = request;
  const endedAt = holding?.at ?? failed?.at ?? endOf(history, incarnation);
  const all = [...keys, ...unseenKey(request, history)];
  for (const [i, { key, at }] of all.entries()) {
    const place = queueOf(history.truth, request).placeSince(key, at);
    // A key that is used again may have only older places.
    if (!place || (place.deleted && place.deleted.at < at)) continue;
    checkPlace(request, place, all[i + 1]?.at ?? endedAt, history, found);
  }
}

/** The key of a holder that it was not seen to queue with. */
function unseenKey(request: RequestFact, history: LockHistory): RequestFact['keys'] {
  const { holding, keys } = request;
  if (!holding || keys.some(({ key }) => key === holding.key)) return [];
  const at = placeOf(history, request as Held)?.created.at;
  return at === undefined ? [] : [{ key: holding.key, at }];
}

function checkPlace(
  { system, id, worker, maybeQueuedAt = 0 }: RequestFact,
  { key, first, deleted }: Place,
  until: number,
  history: LockHistory,
  found: Findings,
): void {
  const check = (what: string, from: number, to: number) => {
    const ms = undisturbedMs(history, worker, from, to);
    if (ms > history.limits.noticeMs) found.report(system, 'M6', `${id} ${what} ${Math.round(ms)} ms`);
  };
  if (first) {
    found.count(system, 'M6 successors');
    const to = Math.min(until, deleted?.at ?? until);
    if (to > first.at) check(`owns ${key} at ${first.revision}, but does not notice it for`, first.at, to);
  }
  if (!deleted || deleted.at > until) return;
  found.count(system, 'M6 lost places');
  if (maybeQueuedAt >= deleted.at) return;
  check(`lost ${key} at ${deleted.revision}, but goes on waiting for`, deleted.at, until);
}

/** A worker that was without faults for so long before something happens notices it so much earlier. */
const quietMs = 2_500;

/** M9: a holder whose key is deleted by hand, or whose lease is revoked, notices it. */
export const handDeletionsAreNoticed: Check = (history) => {
  const found = new Findings();
  for (const request of factsOf(history, 'request')) {
    const { holding, system, id, worker, incarnation } = request;
    if (!holding || !isDeletedByHand(history, holding.key)) continue;
    const deleted = placeOf(history, request as Held)?.deleted;
    if (!deleted || (holding.releasingAt !== undefined && holding.releasingAt < deleted.at)) continue;
    found.count(system, 'M9 keys deleted by hand');
    const noticedAt = holding.lost?.at ?? holding.releasingAt ?? endOf(history, incarnation);
    const ms = undisturbedMs(history, worker, deleted.at - quietMs, noticedAt);
    if (ms > history.limits.noticeMs)
      found.report(
        system,
        'M9',
        `${id} does not notice the deletion of ${holding.key} for ${Math.round(ms)} ms`,
      );
  }
  return found;
};
