import type { GrantedLease } from './stages/lease-stage.js';

/** More leases than this are revoked, oldest first, with any record under them. */
export const maxRetired = 16;

/**
 * Leases that the registration no longer uses, but under which its record may still be stored. Revoking one would delete
 * the record, so they are revoked only after the record is stored under the next lease.
 */
export class RetiredLeases {
  #leases: readonly GrantedLease[] = [];

  /** Returns the oldest lease if there are too many; the caller revokes it. */
  add(lease: GrantedLease): GrantedLease | undefined {
    const leases = [...this.#leases, lease];
    const oldest = leases.length > maxRetired ? leases.shift() : undefined;
    this.#leases = leases;
    return oldest;
  }

  takeAll(): readonly GrantedLease[] {
    const leases = this.#leases;
    this.#leases = [];
    return leases;
  }
}
