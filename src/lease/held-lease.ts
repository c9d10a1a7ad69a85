import { sharedAbortController } from '../async/index.js';
import { inspectCustom, type LeaseId } from '../model/index.js';
import type { LeaseEnd, LeaseEndReason } from './core/index.js';

/**
 * A lease that the client keeps alive: renewed at least every third of its TTL until closed, revoked or lost. Disposing
 * it revokes it.
 */
export interface HeldLease extends AsyncDisposable {
  /** The lease's id, as `put` takes it. */
  readonly id: LeaseId;
  /** The TTL that etcd granted, in seconds; it may be longer than requested. */
  readonly ttlSeconds: number;
  /**
   * Whether the lease certainly exists in etcd. Read it immediately before acting as the lease's owner. It becomes
   * false at the latest when the TTL, less 2 % for clock drift, has passed since the last acknowledged renewal was
   * sent. When it is false, `signal` is aborted and `ended` resolves.
   */
  readonly held: boolean;
  /**
   * Resolves when the lease ends, with the reason; never rejects. If the lease expires while the process is stopped,
   * this resolves before any response of etcd is returned to a caller.
   */
  readonly ended: Promise<LeaseEnd>;
  /** Aborted when the lease ends, with the {@link LeaseEnd} as its reason: for work that must stop with the lease. */
  readonly signal: AbortSignal;
  /**
   * Stops renewing and revokes the lease, which deletes its keys. Idempotent; does nothing if etcd has no such lease.
   */
  revoke(): Promise<void>;
  /** Stops renewing; the lease expires after its TTL. Idempotent. */
  close(): Promise<void>;
}

/** What the held leases of a client share. */
export interface LeaseKeeper {
  isHeld(lease: LeaseId): boolean;
  /** Ends a held lease; its `onEnd` is called. */
  release(lease: LeaseId, reason: Extract<LeaseEndReason, 'revoked' | 'closed'>): void;
  /** Revokes a lease, which etcd may not have. */
  revoke(lease: LeaseId): Promise<void>;
  /** Called when a held lease has ended. */
  onEnd(lease: LeaseId, end: LeaseEnd): void;
}

/** A process may hold thousands: a lease has no closure, and what only some callers use is made when it is first read. */
export class HeldLeaseImpl implements HeldLease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly #keeper: LeaseKeeper;
  #end: LeaseEnd | undefined;
  #ended: Promise<LeaseEnd> | undefined;
  #resolveEnded: ((end: LeaseEnd) => void) | undefined;
  #abortController: AbortController | undefined;

  constructor(id: LeaseId, ttlSeconds: number, keeper: LeaseKeeper) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.#keeper = keeper;
  }

  get held(): boolean {
    return this.#end === undefined && this.#keeper.isHeld(this.id);
  }

  get ended(): Promise<LeaseEnd> {
    this.#ended ??= new Promise((resolve) => {
      if (this.#end) resolve(this.#end);
      else this.#resolveEnded = resolve;
    });
    return this.#ended;
  }

  get signal(): AbortSignal {
    this.#abortController ??= sharedAbortController();
    if (this.#end) this.#abortController.abort(this.#end);
    return this.#abortController.signal;
  }

  async revoke(): Promise<void> {
    this.#stopRenewing('revoked');
    if (this.#end?.reason !== 'expired') await this.#keeper.revoke(this.id); // otherwise the id may belong to another lease by now
  }

  close(): Promise<void> {
    this.#stopRenewing('closed');
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#end) await this.revoke();
  }

  toJSON(): object {
    return { id: String(this.id), ttlSeconds: this.ttlSeconds, held: this.held };
  }

  /** What `console.log` shows: `held` is a getter, which it would leave out. */
  [inspectCustom](): object {
    const { id, ttlSeconds, held } = this;
    return { id, ttlSeconds, held };
  }

  /** Called by the driver when the lease ends. */
  onEnd(end: LeaseEnd): void {
    this.#end = end;
    this.#keeper.onEnd(this.id, end);
    this.#resolveEnded?.(end);
    this.#abortController?.abort(end);
  }

  /** Only before the end: afterwards, another lease may have the id. */
  #stopRenewing(reason: 'revoked' | 'closed'): void {
    if (!this.#end) this.#keeper.release(this.id, reason);
  }
}
