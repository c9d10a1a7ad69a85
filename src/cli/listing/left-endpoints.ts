import type { DepartureReason, EtcdClient } from '../../index.js';
import { findReasons } from '../data/departures.js';
import { isRenewedLate } from '../data/leases.js';
import type { LastRecords } from './last-records.js';
import type { Listing } from './listing.js';

/** An endpoint that was in a list and is not in the next one. */
export interface LeftEndpoint {
  readonly id: string;
  readonly addr: string;
  readonly reason: DepartureReason;
  /** Whether its lease ended after its owner had missed two renewals in the last list: it probably expired. */
  readonly likelyExpired: boolean;
}

/** The keys of the endpoints that the next list does not have. */
export function keysLeft(before: Listing, { endpoints }: Listing): readonly string[] {
  return endpoints ? [...(before.endpoints?.keys() ?? [])].filter((key) => !endpoints.has(key)) : [];
}

export interface LeftContext {
  /** What is known of the time between the lists. */
  readonly lastRecords: Pick<LastRecords, 'get'> | undefined;
  readonly storeReplaced: boolean;
  readonly signal: AbortSignal;
}

/** Finds out why endpoints of a list are not in the next one. */
export async function findLeft(
  client: EtcdClient,
  before: Listing,
  after: Listing,
  { lastRecords, storeReplaced, signal }: LeftContext,
): Promise<readonly LeftEndpoint[]> {
  const departed = keysLeft(before, after).flatMap((key) => {
    const listed = before.endpoints?.get(key);
    if (!listed) return [];
    const state = lastRecords?.get(key);
    const last = { ...listed, ...state?.record };
    const isListedLease = last.lease === listed.lease;
    const invalid = after.invalid?.has(key) || state?.invalid || false;
    return [
      { ...last, isRenewedLate: isListedLease && isRenewedLate(listed.leaseState), storeReplaced, invalid },
    ];
  });
  const reasons = await findReasons(client, departed, signal);
  return departed.map(({ id, addr, isRenewedLate }, i) => {
    const reason = reasons[i] ?? 'unknown';
    return { id, addr, reason, likelyExpired: reason === 'lease-ended' && isRenewedLate };
  });
}

/** The text for an endpoint that left. */
export function leftText({ id, addr, reason, likelyExpired }: LeftEndpoint): string {
  return `${id} ${addr || '-'} left: ${reason}${likelyExpired ? ', likely expired' : ''}`;
}
