import type { GrantedLease } from './lease-stage.js';

/** Older ones are given back, with the record that they may have. */
export const maxRetired = 16;

/**
 * Leases that a registration no longer counts on, and that its record may still be attached to. Revoked at once they
 * would take the record along; so first the record moves to the next lease.
 */
export class RetiredLeases {
  #leases: readonly GrantedLease[] = [];

  /** Gives the lease that is too many, to be revoked now. */
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
