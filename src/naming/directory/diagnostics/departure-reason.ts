import type { DepartureReason } from '../../../diagnostics/index.js';
import { readTraits } from '../../balance/traits.js';
import type { EndpointRecord } from '../../endpoint.js';
import type { LeaseFate } from './lease-lookups.js';

/** How a record left a view. */
export interface DepartureCircumstances {
  /** Whether the list that lacks the record is that of another store, or of one that was wiped or restored. */
  readonly storeReplaced: boolean;
  /** Whether the key has a value that is not an endpoint. */
  readonly invalid: boolean;
}

/**
 * Why a record left a view; undefined if that depends on its lease.
 * @param record Its last state.
 */
export function reasonWithoutLease(
  { metadata, lease }: Pick<EndpointRecord, 'metadata' | 'lease'>,
  { storeReplaced, invalid }: DepartureCircumstances,
): DepartureReason | undefined {
  if (readTraits(metadata).draining) return 'drained';
  if (storeReplaced) return 'store-replaced';
  if (invalid) return 'invalid';
  return lease === 0n ? 'deleted' : undefined;
}

/** Why a record with a lease left a view. */
export function reasonByLease(fate: LeaseFate): DepartureReason {
  switch (fate) {
    case 'alive':
      return 'deleted';
    case 'ended':
      return 'lease-ended';
    case 'unknown':
      return 'unknown';
  }
}
