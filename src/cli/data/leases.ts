import { type CallOptions, type EtcdClient, EtcdError, formatLeaseId, type LeaseId } from '../../index.js';
import type { Text } from '../output/line.js';
import { inParallel } from '../parallel.js';

/** The state of a record's lease, as etcd reports it. `none`: the record is permanent. */
export type LeaseState =
  | { readonly state: 'none' }
  | { readonly state: 'alive'; readonly remainingSeconds: number; readonly grantedSeconds: number }
  | { readonly state: 'gone' }
  /** etcd did not report the state, often because the user lacks a permission. */
  | { readonly state: 'unknown'; readonly reason: string };

const concurrency = 32;

/** Fetches the state of each distinct lease once: records often share a lease. */
export async function fetchLeaseStates(
  client: EtcdClient,
  leases: Iterable<LeaseId>,
): Promise<(lease: LeaseId) => LeaseState> {
  const states = new Map<LeaseId, LeaseState>([[0n, { state: 'none' }]]);
  const distinct = [...new Set(leases)].filter((lease) => lease !== 0n);
  await inParallel(distinct, concurrency, async (lease) => {
    states.set(lease, await fetchLeaseState(client, lease));
  });
  return (lease) => states.get(lease) ?? { state: 'none' };
}

/** @throws the reason of the options' signal. */
export async function fetchLeaseState(
  client: Pick<EtcdClient, 'lease'>,
  lease: LeaseId,
  options: CallOptions = {},
): Promise<LeaseState> {
  if (lease === 0n) return { state: 'none' };
  try {
    const found = await client.lease.timeToLive(lease, options);
    if (!found) return { state: 'gone' };
    return { state: 'alive', remainingSeconds: found.remainingSeconds, grantedSeconds: found.grantedSeconds };
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return { state: 'unknown', reason: error.message };
  }
}

/** An owner renews its lease at each third of the TTL. With less than this share left, it has missed two renewals. */
const minRemainingShare = 1 / 3;

/** Whether the owner of a lease has missed two renewals. */
export function isRenewedLate(lease: LeaseState): boolean {
  return lease.state === 'alive' && lease.remainingSeconds < lease.grantedSeconds * minRemainingShare;
}

/** The cell of a table, such as `7 of 10 s left`. */
export function formatLease(lease: LeaseState): Text {
  switch (lease.state) {
    case 'none':
      return 'permanent';
    case 'alive':
      return `${lease.remainingSeconds} of ${lease.grantedSeconds} s left`;
    case 'gone':
      return { text: 'expired', style: 'red' };
    case 'unknown':
      return '?';
  }
}

/** The cell of a lease's id. A record without a lease is permanent. */
export function formatRecordLeaseId(lease: LeaseId): string {
  return lease === 0n ? 'permanent' : formatLeaseId(lease);
}

export function leaseToJson(lease: LeaseId, state: LeaseState) {
  const alive = state.state === 'alive' ? state : undefined;
  return {
    lease: lease === 0n ? null : lease,
    leaseState: state.state,
    ttlSeconds: alive?.grantedSeconds ?? null,
    remainingSeconds: alive?.remainingSeconds ?? null,
  };
}
