import { type EtcdClient, formatLeaseId, keyText, type LockQueueEntry } from '../../index.js';
import { fetchLeaseStates, formatLease, type LeaseState, leaseToJson } from '../data/leases.js';
import { styled, type Text } from '../output/line.js';
import { alignCells, pluralize } from '../output/text.js';
import type { Listing } from './listing.js';

const titles = ['POSITION', 'LEASE', 'LEASE-ID', 'CREATE-REVISION', 'KEY'];

/** Lists the holder and the waiters of a lock, with the time that their leases have left. */
export async function listQueue(client: EtcdClient, name: string): Promise<Listing> {
  const queue = await client.lockQueue(name);
  const entries = [...(queue.holder ? [queue.holder] : []), ...queue.waiters];
  const leaseOf = await fetchLeaseStates(
    client,
    entries.map(({ leaseId = 0n }) => leaseId),
  );
  const rows = entries.map((entry) => toRow(entry, leaseOf(entry.leaseId ?? 0n)));
  const toJson = (entry: LockQueueEntry) => entryToJson(entry, leaseOf(entry.leaseId ?? 0n));
  const free = `the lock '${name}' is free`;
  return {
    revision: queue.revision,
    heading: queue.holder ? `${name}: ${pluralize(queue.waiters.length, 'waiter')}` : free,
    warnings: rows.length === 0 ? [free] : [],
    lines: rows.length > 0 ? alignCells([titles.map((title) => styled(title, 'bold')), ...rows]) : [],
    document: {
      name,
      revision: queue.revision,
      holder: queue.holder ? toJson(queue.holder) : null,
      waiters: queue.waiters.map(toJson),
    },
  };
}

/** A key of a queue, for messages: `jobs/694d, lease 694d`. */
export function describeEntry({ key, leaseId }: LockQueueEntry): string {
  return `${keyText(key)}, ${leaseId === undefined ? 'without a lease' : `lease ${formatLeaseId(leaseId)}`}`;
}

function toRow({ position, key, leaseId, createRevision }: LockQueueEntry, lease: LeaseState): Text[] {
  const place = position === 0 ? 'holder' : String(position);
  const id = leaseId === undefined ? '-' : formatLeaseId(leaseId);
  return [place, formatLease(lease), id, String(createRevision), keyText(key)];
}

function entryToJson(
  { position, key, leaseId = 0n, createRevision }: LockQueueEntry,
  lease: LeaseState,
): object {
  return { position, key: keyText(key), ...leaseToJson(leaseId, lease), createRevision };
}
