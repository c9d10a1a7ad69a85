import { sharedAbortController } from '../async/index.js';
import type { LeaseId } from '../model/index.js';
import type { LeaseEnd } from './core/index.js';
import type { KeepAliveDriver } from './driver.js';

/** A lease that is being kept alive: renewed within each third of its TTL until closed, revoked or lost. */
export interface HeldLease extends AsyncDisposable {
  readonly id: LeaseId;
  /** The TTL that etcd granted, which is not always the one asked for. */
  readonly ttlSeconds: number;
  /**
   * Whether etcd surely still holds the lease: never true for longer than that. Ask before acting as its owner. Once
   * it is false, the lease has ended: nobody sees a lease that is neither held nor over.
   */
  readonly held: boolean;
  /**
   * Resolves once, with how it ended; never rejects. After a pause of the process that outlasted the lease it
   * resolves before any other answer from etcd does.
   */
  readonly ended: Promise<LeaseEnd>;
  /** Aborted when the lease ends, with the LeaseEnd as its reason: for work that must stop with the lease. */
  readonly signal: AbortSignal;
  /** Stops renewing and revokes the lease, which deletes its keys. Idempotent; a lease already gone is fine. */
  revoke(): Promise<void>;
  /** Stops renewing; the lease runs out by itself. Idempotent. */
  close(): Promise<void>;
}

export class HeldLeaseImpl implements HeldLease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly ended: Promise<LeaseEnd>;
  readonly #driver: KeepAliveDriver;
  readonly #revoke: () => Promise<void>;
  readonly #release: () => void;
  #resolveEnded: (end: LeaseEnd) => void = () => {};
  #end: LeaseEnd | undefined;
  /** Made when asked for: of a thousand leases few are asked. */
  #abortController: AbortController | undefined;

  /** `release` lets go of the process, which a kept lease holds. */
  constructor(
    id: LeaseId,
    ttlSeconds: number,
    driver: KeepAliveDriver,
    revoke: () => Promise<void>,
    release: () => void,
  ) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.#driver = driver;
    this.#revoke = revoke;
    this.#release = release;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get held(): boolean {
    return this.#end === undefined && this.#driver.isHeld(this.id);
  }

  get signal(): AbortSignal {
    this.#abortController ??= sharedAbortController();
    if (this.#end) this.#abortController.abort(this.#end);
    return this.#abortController.signal;
  }

  async revoke(): Promise<void> {
    this.#stopRenewing('revoked');
    if (this.#end?.reason !== 'expired') await this.#revoke(); // gone, and its id may be another's
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

  /** For the driver: the lease is over. */
  readonly onEnd = (end: LeaseEnd): void => {
    this.#end = end;
    this.#release();
    this.#resolveEnded(end);
    this.#abortController?.abort(end);
  };

  /** Another lease may have the id by now. */
  #stopRenewing(reason: 'revoked' | 'closed'): void {
    if (!this.#end) this.#driver.release(this.id, reason);
  }
}
