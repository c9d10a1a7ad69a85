import type { Txn } from '../../../../kv/index.js';
import type { LeaseId } from '../../../../model/index.js';
import type { RegistrationEnd } from '../../types.js';
import type { CoreContext } from '../context.js';
import type { RequestKey } from '../protocol.js';
import type { GrantedLease } from './lease-stage.js';

/** If etcd is unreachable for longer, the record stays until its lease expires. */
const timeoutMs = 5_000;

/**
 * For how long the revoke waits for the mark. A healthy etcd answers within a few milliseconds; one whose disk is slow, or
 * that elects a leader, within a second. When none answers, the revoke would not be answered either.
 */
const maxMarkMs = 1_000;

/** Stores the draining status in the record of a lease. */
export interface Mark {
  readonly lease: LeaseId;
  readonly txn: Txn;
}

/** A mark that is sent and not yet answered. */
interface PendingMark {
  readonly request: RequestKey;
  /** Revoked when the mark is answered. */
  readonly lease: LeaseId;
  /** When the lease is revoked without an answer. */
  readonly until: number;
}

/**
 * Revokes all leases within a time limit. That deletes the record and prevents writes in flight from being applied.
 * Before, the record is marked as draining, so that observers can distinguish this end from an expired lease. If the two
 * requests were sent at once, the revoke would often overtake the mark in a cluster.
 */
export class Shutdown {
  readonly #context: CoreContext;
  readonly #end: RegistrationEnd;
  readonly #deadline: number;
  /** The leases that are not known to be revoked, with their TTLs in milliseconds. */
  readonly #leases = new Map<LeaseId, number>();
  readonly #orphans = new Set<RequestKey>();
  #mark: PendingMark | undefined;
  /** The longest TTL of the leases that could not be revoked, in milliseconds. */
  #remainingMs = 0;

  constructor(
    context: CoreContext,
    end: RegistrationEnd,
    leases: readonly GrantedLease[],
    mark: Mark | undefined,
  ) {
    this.#context = context;
    this.#end = end;
    this.#deadline = context.now + timeoutMs;
    if (mark) this.#mark = this.#send(mark);
    for (const { lease, ttlMs } of leases) {
      this.#leases.set(lease, ttlMs);
      if (lease !== mark?.lease) context.emit({ type: 'revoke', lease });
    }
    if (context.isFirstRegistration) return;
    for (const txn of context.claim.deleteOrphanTxns()) {
      const request = context.newRequest();
      this.#orphans.add(request);
      context.emit({ type: 'delete-orphan', request, txn, timeoutMs });
    }
  }

  #send({ lease, txn }: Mark): PendingMark {
    const request = this.#context.newRequest();
    this.#context.emit({ type: 'mark', request, txn });
    return { request, lease, until: this.#context.now + maxMarkMs };
  }

  get nextActionAt(): number {
    if (this.#isComplete) return this.#context.now;
    return this.#mark?.until ?? this.#deadline;
  }

  /** Whether the registration ends now. */
  get isOver(): boolean {
    return this.#isComplete || this.#context.now >= this.#deadline;
  }

  get #isComplete(): boolean {
    return this.#leases.size + this.#orphans.size === 0;
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

  /** The mark or the deletion of a record without a lease was answered, or it failed. */
  onSettled(request: RequestKey): void {
    this.#orphans.delete(request);
    if (this.#mark?.request === request) this.#revokeMarked(this.#mark);
  }

  /** Gives up a pending mark, and revokes its lease. */
  stopMarking(): void {
    if (!this.#mark) return;
    this.#context.cancel(this.#mark.request);
    this.#revokeMarked(this.#mark);
  }

  #revokeMarked({ lease }: PendingMark): void {
    this.#mark = undefined;
    this.#context.emit({ type: 'revoke', lease });
  }
}
