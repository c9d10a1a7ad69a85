import { type EtcdClient, EtcdError, type LeaseId } from '../index.js';
import { inParallel } from './parallel.js';

/** What etcd says of a record's lease. */
export type LeaseState =
  | { readonly state: 'none' }
  | { readonly state: 'alive'; readonly remainingSeconds: number; readonly grantedSeconds: number }
  | { readonly state: 'gone' }
  /** It would not say; often for lack of a permission. */
  | { readonly state: 'unknown'; readonly why: string };

const atATime = 32;

/** Asks once for each lease; records often share one. */
export async function leaseStates(
  client: EtcdClient,
  leases: Iterable<LeaseId>,
): Promise<(lease: LeaseId) => LeaseState> {
  const states = new Map<LeaseId, LeaseState>([[0n, { state: 'none' }]]);
  const asked = [...new Set(leases)].filter((lease) => lease !== 0n);
  await inParallel(asked, atATime, async (lease) => {
    states.set(lease, await leaseState(client, lease));
  });
  return (lease) => states.get(lease) ?? { state: 'none' };
}

export async function leaseState(client: EtcdClient, lease: LeaseId): Promise<LeaseState> {
  if (lease === 0n) return { state: 'none' };
  try {
    const found = await client.lease.timeToLive(lease);
    if (!found) return { state: 'gone' };
    return { state: 'alive', remainingSeconds: found.remainingSeconds, grantedSeconds: found.grantedSeconds };
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return { state: 'unknown', why: error.message };
  }
}

/** For a column of a table. */
export function leaseCell(lease: LeaseState): string {
  switch (lease.state) {
    case 'none':
      return 'permanent';
    case 'alive':
      return `${lease.remainingSeconds}/${lease.grantedSeconds} s`;
    case 'gone':
      return 'expired';
    case 'unknown':
      return '?';
  }
}

export function leaseJson(lease: LeaseId, state: LeaseState) {
  const alive = state.state === 'alive' ? state : undefined;
  return {
    lease: lease === 0n ? null : lease,
    leaseState: state.state,
    ttlSeconds: alive?.grantedSeconds ?? null,
    remainingSeconds: alive?.remainingSeconds ?? null,
  };
}
