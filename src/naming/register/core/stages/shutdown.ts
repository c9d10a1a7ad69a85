import type { Txn } from '../../../../kv/index.js';
import type { LeaseId } from '../../../../model/index.js';
import type { RegistrationEnd } from '../../types.js';
import type { CoreContext } from '../context.js';
import type { RequestKey } from '../protocol.js';
import type { GrantedLease } from './lease-stage.js';

/** If etcd is unreachable for longer, the record stays until its lease expires. */
const timeoutMs = 5_000;

/**
 * Revokes all leases within a time limit. That deletes the record and prevents writes in flight from being applied.
 * Immediately before, the record is marked as draining, so that observers can distinguish this end from an expired lease.
 */
export class Shutdown {
  readonly #end: RegistrationEnd;
  readonly #deadline: number;
  readonly #now: () => number;
  /** The leases that are not yet revoked, with their TTLs in milliseconds. */
  readonly #leases = new Map<LeaseId, number>();
  readonly #orphans = new Set<RequestKey>();
  readonly #mark: RequestKey | undefined;
  /** The longest TTL of the leases that could not be revoked, in milliseconds. */
  #remainingMs = 0;

  /** @param mark Stores the draining status. If the revoke overtakes it, its condition fails. */
  constructor(
    context: CoreContext,
    end: RegistrationEnd,
    leases: readonly GrantedLease[],
    mark: Txn | undefined,
  ) {
    this.#end = end;
    this.#now = () => context.now;
    if (mark) {
      this.#mark = context.newRequest();
      context.emit({ type: 'mark', request: this.#mark, txn: mark });
    }
    this.#deadline = context.now + timeoutMs;
    for (const { lease, ttlMs } of leases) {
      this.#leases.set(lease, ttlMs);
      context.emit({ type: 'revoke', lease });
    }
    if (context.isFirstRegistration) return;
    for (const txn of context.claim.deleteOrphanTxns()) {
      const request = context.newRequest();
      this.#orphans.add(request);
      context.emit({ type: 'delete-orphan', request, txn, timeoutMs });
    }
  }

  get nextActionAt(): number {
    return this.#leases.size + this.#orphans.size === 0 ? this.#now() : this.#deadline;
  }

  /** The request that marks the record. The end does not wait for it. */
  get mark(): RequestKey | undefined {
    return this.#mark;
  }

  get end(): RegistrationEnd {
    const expiresInMs = Math.max(this.#remainingMs, ...this.#leases.values());
    return expiresInMs > 0 ? { ...this.#end, expiresInMs } : this.#end;
  }

  onRevoked(lease: LeaseId, isRevoked: boolean): void {
    const ttlMs = this.#leases.get(lease) ?? 0;
    this.#leases.delete(lease);
    if (!isRevoked) this.#remainingMs = Math.max(this.#remainingMs, ttlMs);
  }

  /** The record without a lease was deleted, or deleting it failed. */
  onOrphanDeleted(request: RequestKey): void {
    this.#orphans.delete(request);
  }
}
