import { factsOf, type History } from '../history.js';
import type { Truth } from '../truth.js';
import { leaseHistories, validUntil } from './lease-history.js';

/**
 * Counts the held leases that etcd itself expired early, as seen by the deletion of their keys. This is a known fault
 * of old servers: a former leader revokes a lease that the new leader has renewed. No client can prevent it.
 */
export function earlyExpiries(history: History, truth: Truth): number {
  const histories = new Map(leaseHistories(history).map((one) => [one.acquired.lease, one]));
  const ended = new Set<bigint>();
  for (const { op } of factsOf(history, 'op')) if (op.type === 'revoke') ended.add(op.lease);
  for (const { ended: leaseEnd, acquired } of histories.values()) {
    if (leaseEnd?.reason === 'revoked') ended.add(acquired.lease);
  }
  const deletes = new Set<string>();
  for (const { op, outcome } of factsOf(history, 'op')) {
    if (op.type === 'delete' && outcome.type !== 'fail') deletes.add(op.key);
  }
  const early = new Set<bigint>();
  for (const { revision, at, events } of truth.revisions) {
    for (const event of events) {
      if (event.type !== 'delete' || deletes.has(event.key)) continue;
      const lease = truth.get(event.key, revision - 1n)?.lease ?? 0n;
      const leaseHistory = histories.get(lease);
      if (leaseHistory && !ended.has(lease) && at < validUntil(leaseHistory, at)) early.add(lease);
    }
  }
  return early.size;
}
