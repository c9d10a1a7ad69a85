import type { DepartureReason, EtcdClient } from '../../index.js';
import { findReasons } from '../data/departures.js';
import { isRenewedLate } from '../data/leases.js';
import type { Listing } from './listing.js';

/** An endpoint that was in a list and is not in the next one. */
export interface LeftEndpoint {
  readonly id: string;
  readonly addr: string;
  readonly reason: DepartureReason;
  /** Whether its lease ended after its owner had missed two renewals in the last list: it probably expired. */
  readonly likelyExpired: boolean;
}

/** Finds out why endpoints of a list are not in the next one. */
export async function findLeft(
  client: EtcdClient,
  before: Listing,
  after: Listing,
  { storeReplaced, signal }: { readonly storeReplaced: boolean; readonly signal: AbortSignal },
): Promise<readonly LeftEndpoint[]> {
  const { endpoints, invalid = new Set() } = after;
  if (!endpoints) return [];
  const gone = [...(before.endpoints ?? [])].filter(([key]) => !endpoints.has(key));
  const departed = gone.map(([key, endpoint]) => ({ ...endpoint, storeReplaced, invalid: invalid.has(key) }));
  const reasons = await findReasons(client, departed, signal);
  return gone.map(([, { id, addr, leaseState }], i) => {
    const reason = reasons[i] ?? 'unknown';
    return { id, addr, reason, likelyExpired: reason === 'lease-ended' && isRenewedLate(leaseState) };
  });
}

/** The text for an endpoint that left. */
export function leftText({ id, addr, reason, likelyExpired }: LeftEndpoint): string {
  return `${id} ${addr || '-'} left: ${reason}${likelyExpired ? ', likely expired' : ''}`;
}
