import { randomBytes } from 'node:crypto';
import { type Clock, onAbort } from '../async/index.js';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  errorFor,
  errorFromServer,
  LeaseNotFoundError,
  nameOf,
  type RequestDescription,
  requestError,
} from '../errors/index.js';
import {
  checkInt64,
  checkLeaseId,
  checkWait,
  collectionWithJson,
  describeLease,
  type LeaseId,
  noOptions,
  ttl,
  withJson,
} from '../model/index.js';
import type { CallOptions, LeaseCalls, TracedCallOptions } from '../wire/index.js';
import type { OneShotOutcome } from './core/index.js';
import { KeepAliveDriver } from './driver.js';
import { type HeldLease, HeldLeaseImpl } from './held-lease.js';
import { checkGrantOptions, checkTimeToLive } from './options.js';
import type { GrantOptions, Lease, LeaseTimeToLive, TimeToLiveOptions } from './types.js';

/** etcd's Lease service. Calls throw as KvClient's do. */
export class LeaseClient {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #driver: KeepAliveDriver;
  #closed = false;

  /** `clock` goes on while the machine sleeps, as etcd's does. */
  constructor(calls: LeaseCalls, clock: Clock, random: () => number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#driver = new KeepAliveDriver(calls, clock, random);
  }

  /**
   * Grants a lease.
   * @throws {InvalidInputError} for a TTL that is not between 1 and 9,000,000,000 whole seconds, or an id below 1.
   */
  async grant(options: GrantOptions): Promise<Lease> {
    checkGrantOptions(options);
    return this.#grant(options);
  }

  /**
   * Revokes a lease and deletes the keys attached to it, in one revision. A handle that keeps it here ends first, as
   * `revoked`, whatever becomes of the request. @throws {LeaseNotFoundError}
   */
  async revoke(id: LeaseId, options: CallOptions = noOptions): Promise<void> {
    checkWait(options);
    checkLeaseId(id);
    this.#driver.release(id, 'revoked');
    try {
      await this.#calls.revoke(id, options);
    } catch (error) {
      // In doubt: an earlier try may have been carried out and its answer lost.
      if (!(error instanceof LeaseNotFoundError && error.verdict === 'maybe-applied')) throw error;
    }
  }

  /**
   * Renews a lease once, on the stream that all leases share, and tells the TTL that it has from then on. Sent again
   * within its deadline when the stream is lost or its member silent. A kept lease profits from the answer, too.
   * @throws {LeaseNotFoundError} when etcd says that it is gone; {DeadlineError} with the last trouble as its cause.
   */
  async keepAliveOnce(id: LeaseId, options: CallOptions = noOptions): Promise<Lease> {
    checkWait(options);
    checkLeaseId(id);
    const { signal, timeoutMs = this.#calls.timeoutMs } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw new ClosedError('the client');
    const release = this.#calls.hold();
    try {
      const outcome = await this.#renewOnce(id, timeoutMs, signal);
      return withJson({ id, ttlSeconds: this.#ttlOf(id, outcome) });
    } finally {
      release();
    }
  }

  /** How long the lease has left; undefined when it does not exist. */
  async timeToLive(
    id: LeaseId,
    options: TimeToLiveOptions & CallOptions = noOptions,
  ): Promise<LeaseTimeToLive | undefined> {
    checkTimeToLive(options);
    checkLeaseId(id);
    return this.#timeToLive(id, options.keys ?? false, options);
  }

  /** The ids of all leases the answering member knows. */
  async list(options: CallOptions = noOptions): Promise<readonly LeaseId[]> {
    checkWait(options);
    return collectionWithJson((await this.#calls.leases(options)).leases.map((lease) => lease.ID));
  }

  /**
   * Grants a lease and keeps it alive until it is closed, revoked or lost. Disposing revokes it. Where no answer came,
   * a lease that etcd may have granted all the same is revoked behind the scenes, unless its id was the caller's.
   * @throws as `grant`.
   */
  async hold(options: GrantOptions): Promise<HeldLease> {
    checkGrantOptions(options);
    if (this.#closed) throw new ClosedError('the client');
    const id = options.id ?? randomLeaseId();
    // The first try counts, since it may be the one that etcd carried out.
    let sentAt: number | undefined;
    const onSend = () => {
      sentAt ??= this.#clock.now();
    };
    try {
      const { ttlSeconds } = await this.#grant({ ...options, id, onSend });
      return this.#holdGranted(id, ttlSeconds, sentAt ?? this.#clock.now());
    } catch (error) {
      if (sentAt !== undefined && options.id === undefined) this.#revokeUnclaimed(id, error);
      throw error;
    }
  }

  /**
   * Tells the owners of leases that ran out while the process was stopped, or its event loop blocked. To be called
   * before anything is handed out that came from etcd: nobody is to act as an owner on an old answer. Costs a clock
   * read when there is nothing to tell.
   */
  check(): void {
    this.#driver.endExpired();
  }

  /** Stops renewing every lease; they run out by themselves. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#driver.close();
  }

  #holdGranted(id: LeaseId, ttlSeconds: number, sentAt: number): HeldLease {
    const revoke = () => this.#revokeIfPresent(id);
    const lease = new HeldLeaseImpl(id, ttlSeconds, this.#driver, revoke, this.#calls.hold());
    this.#driver.hold(id, sentAt, ttlSeconds * 1_000, lease.onEnd);
    if (this.#closed) this.#driver.release(id, 'closed');
    return lease;
  }

  /** After an abort or a lost answer: nobody else knows the id. */
  #revokeUnclaimed(id: LeaseId, error: unknown): void {
    if (this.#closed || (error instanceof EtcdError && error.verdict !== 'maybe-applied')) return;
    this.#calls.revoke(id, { unref: true }).catch(() => {}); // it runs out by itself
  }

  #renewOnce(id: LeaseId, timeoutMs: number, signal: AbortSignal | undefined): Promise<OneShotOutcome> {
    return new Promise((resolve, reject) => {
      const cancel = this.#driver.renewOnce(id, timeoutMs, (outcome) => {
        removeAbortListener();
        resolve(outcome);
      });
      const removeAbortListener = onAbort(signal, (reason) => {
        cancel();
        reject(reason as Error);
      });
    });
  }

  #ttlOf(id: LeaseId, outcome: OneShotOutcome): number {
    switch (outcome.type) {
      case 'renewed':
        return outcome.ttlMs / 1_000;
      case 'not-found':
        throw requestError(errorFor('LeaseNotFound'), describeRenewal(id));
      case 'deadline':
        throw new DeadlineError(`${nameOf(describeRenewal(id))} was not answered in time`, {
          cause: outcome.cause,
        });
      case 'refused':
        throw requestError(outcome.error, { ...describeRenewal(id), ...this.#calls.user });
      case 'closed':
        throw new ClosedError('the client', 'maybe-applied');
    }
  }

  async #grant(options: GrantOptions & TracedCallOptions): Promise<Lease> {
    const id = options.id ?? randomLeaseId();
    checkGrant(options.ttlSeconds, id);
    try {
      const granted = await this.#calls.grant({ TTL: BigInt(options.ttlSeconds), ID: id }, options);
      if (granted.ID !== id || granted.TTL <= 0n) {
        throw errorFromServer(Code.INTERNAL, "the answer is not etcd's: it grants no lease");
      }
      return withJson({ id, ttlSeconds: Number(granted.TTL) });
    } catch (error) {
      // In doubt: an earlier try may have been carried out and its answer lost. Else the id is somebody else's.
      if (isLeaseExists(error) && error.verdict === 'maybe-applied') return this.#confirmGrant(id, options);
      throw error;
    }
  }

  async #timeToLive(id: LeaseId, keys: boolean, options: CallOptions): Promise<LeaseTimeToLive | undefined> {
    const response = await this.#calls.timeToLive({ ID: id, keys }, options);
    if (response.TTL < 0n) return undefined;
    return withJson({
      id,
      remainingSeconds: Number(response.TTL),
      grantedSeconds: Number(response.grantedTTL),
      keys: response.keys,
    });
  }

  async #confirmGrant(id: LeaseId, options: CallOptions): Promise<Lease> {
    const found = await this.#timeToLive(id, false, options);
    if (!found)
      throw new LeaseNotFoundError(`${describeLease(id)} was granted and ran out again`, {
        code: Code.NOT_FOUND,
      });
    return withJson({ id, ttlSeconds: found.grantedSeconds });
  }

  async #revokeIfPresent(id: LeaseId): Promise<void> {
    try {
      await this.revoke(id);
    } catch (error) {
      if (!(error instanceof LeaseNotFoundError)) throw error;
    }
  }
}

function describeRenewal(lease: LeaseId): RequestDescription {
  const text = describeLease(lease);
  return { method: 'LeaseKeepAlive', subject: text, lease: text };
}

function isLeaseExists(error: unknown): error is EtcdError {
  return error instanceof EtcdError && error.reason === 'LeaseExist';
}

function checkGrant(ttlSeconds: number, id: LeaseId): void {
  ttl(ttlSeconds, 'ttlSeconds');
  checkInt64('lease id', id, 1n);
}

/** Positive 63-bit; 0 would let the server choose, and negative ids once made a store inconsistent (etcd#14239). */
function randomLeaseId(): LeaseId {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}
