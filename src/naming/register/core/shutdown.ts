import type { LeaseId } from '../../../model/index.js';
import type { RegistrationEnd } from '../types.js';
import type { CoreContext } from './context.js';
import type { GrantedLease } from './lease-stage.js';
import type { RequestKey } from './protocol.js';

/** An etcd out of reach keeps the record until its lease ends. */
const timeoutMs = 5_000;

/** Gives all leases back, within a bound. A record, or a write of it that is still under way, goes with its lease. */
export class Shutdown {
  readonly #end: RegistrationEnd;
  readonly #deadline: number;
  readonly #now: () => number;
  /** With their TTLs. */
  readonly #leases = new Map<LeaseId, number>();
  readonly #orphans = new Set<RequestKey>();
  /** How long a lease may live that could not be given back, in milliseconds. */
  #remainingMs = 0;

  constructor(context: CoreContext, end: RegistrationEnd, leases: readonly GrantedLease[]) {
    this.#end = end;
    this.#now = () => context.now;
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

  get end(): RegistrationEnd {
    const expiresInMs = Math.max(this.#remainingMs, ...this.#leases.values());
    return expiresInMs > 0 ? { ...this.#end, expiresInMs } : this.#end;
  }

  onRevoked(lease: LeaseId, isRevoked: boolean): void {
    const ttlMs = this.#leases.get(lease) ?? 0;
    this.#leases.delete(lease);
    if (!isRevoked) this.#remainingMs = Math.max(this.#remainingMs, ttlMs);
  }

  /** The record without a lease is deleted, or could not be. */
  onOrphanDeleted(request: RequestKey): void {
    this.#orphans.delete(request);
  }
}
