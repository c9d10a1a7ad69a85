import { randomBytes } from 'node:crypto';
import {
  type Clock,
  inRootContext,
  onAbort,
  pending,
  raceAbort,
  sharedAbortController,
  withAnySignal,
} from '../async/index.js';
import { ClientDiagnostics, type MutableMetrics } from '../diagnostics/index.js';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  errorFor,
  errorFromServer,
  LeaseNotFoundError,
  type RequestDescription,
  requestError,
  requestName,
  wasDoneBefore,
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
import { type HeldLease, HeldLeaseImpl, type LeaseKeeper } from './held-lease.js';
import type { LeaseClient } from './lease-client.js';
import { LeaseRecord } from './lease-record.js';
import { checkGrantOptions, checkTimeToLive } from './options.js';
import type { GrantOptions, Lease, LeaseTimeToLive, TimeToLiveOptions } from './types.js';

export class LeaseClientImpl implements LeaseClient {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #driver: KeepAliveDriver;
  readonly #keeper: LeaseKeeper = {
    isHeld: (id) => this.#driver.isHeld(id),
    release: (id, reason) => this.#driver.release(id, reason),
    revoke: (id) => this.#revokeIfPresent(id),
    onEnd: (id, end) => {
      this.#record.ended(id, end);
      if (--this.#heldCount === 0) this.#releaseProcess();
    },
  };
  readonly #record: LeaseRecord;
  readonly #removeMetrics: () => void;
  #heldCount = 0;
  /** Held leases keep the process alive. */
  #releaseProcess = () => {};
  readonly #closing = sharedAbortController();
  /** How many grants and revokes are in flight: what may leave a lease behind until it has ended. */
  #cleanUps = 0;
  readonly #cleanedUp = pending<void>();

  /**
   * @param clock Also counts while the machine is suspended, as etcd's clock does.
   * @param diagnostics Default: nothing receives what happens to the leases.
   */
  constructor(
    calls: LeaseCalls,
    clock: Clock,
    random: () => number,
    diagnostics = new ClientDiagnostics({ name: 'unnamed' }),
  ) {
    this.#calls = calls;
    this.#clock = clock;
    this.#record = new LeaseRecord(diagnostics);
    this.#driver = new KeepAliveDriver(calls, clock, random, (error) =>
      this.#record.streamLost(this.#heldCount, error),
    );
    this.#removeMetrics = diagnostics.addSource({ addTo: ({ leases }) => this.#addTo(leases) });
  }

  #addTo(leases: MutableMetrics['leases']): void {
    leases.held += this.#heldCount;
    const marginMs = this.#driver.marginMs();
    if (this.#heldCount > 0) leases.minMarginMs = Math.max(0, marginMs);
  }

  async grant(options: GrantOptions): Promise<Lease> {
    checkGrantOptions(options);
    return this.#grant(options);
  }

  async revoke(id: LeaseId, options: CallOptions = noOptions): Promise<void> {
    checkWait(options);
    checkLeaseId(id);
    await this.#revoke(id, options);
  }

  async #revoke(id: LeaseId, options: TracedCallOptions): Promise<void> {
    this.#driver.release(id, 'revoked');
    try {
      await this.#calls.revoke(id, options);
    } catch (error) {
      // An earlier attempt may have revoked it and its response been lost.
      if (!wasDoneBefore(error, 'LeaseNotFound')) throw error;
    }
  }

  async keepAliveOnce(id: LeaseId, options: CallOptions = noOptions): Promise<Lease> {
    checkWait(options);
    checkLeaseId(id);
    const { signal, timeoutMs = this.#calls.timeoutMs } = options;
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const release = this.#calls.keepProcessAlive();
    try {
      const outcome = await this.#renewOnce(id, timeoutMs, signal);
      return withJson({ id, ttlSeconds: this.#ttlOf(id, outcome) });
    } finally {
      release();
    }
  }

  async timeToLive(
    id: LeaseId,
    options: TimeToLiveOptions & CallOptions = noOptions,
  ): Promise<LeaseTimeToLive | undefined> {
    checkTimeToLive(options);
    checkLeaseId(id);
    return this.#timeToLive(id, options.keys ?? false, options);
  }

  async list(options: CallOptions = noOptions): Promise<readonly LeaseId[]> {
    checkWait(options);
    return collectionWithJson((await this.#calls.leases(options)).leases.map((lease) => lease.ID));
  }

  async hold(options: GrantOptions): Promise<HeldLease> {
    checkGrantOptions(options);
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const held = this.#cleanUp(this.#hold(options));
    try {
      return await raceAbort(held, signal);
    } catch (error) {
      // The client may have been closed after the grant was answered, and before the caller learns of it.
      if (error === signal.reason)
        void inRootContext(() => held.then((lease) => lease.revoke()).catch(() => {}));
      throw error;
    }
  }

  /**
   * Ends the leases that expired while the process was stopped or its event loop blocked. The client calls this before
   * it returns any response of etcd, so that no caller acts on an old response as the owner of a lease that expired.
   * Costs one clock read when no lease has expired.
   */
  endExpired(): void {
    this.#driver.endExpired();
  }

  /** Stops renewing every lease; they expire after their TTL. Idempotent. */
  close(): void {
    this.#closing.abort(new ClosedError('the client'));
    this.#driver.close();
    this.#removeMetrics();
  }

  /** Whether a lease without a holder may be left behind if the connections are closed now. */
  get hasCleanUps(): boolean {
    return this.#cleanUps > 0;
  }

  /** Resolves when the grants and revokes in flight at the close have ended. Never rejects. */
  cleanUpsEnded(): Promise<void> {
    return this.#cleanedUp.promise;
  }

  /** Ends one turn later: whoever learns of the result may revoke the lease. */
  #cleanUp<T>(work: Promise<T>): Promise<T> {
    const end = () => {
      if (--this.#cleanUps === 0 && this.#closing.signal.aborted) this.#cleanedUp.resolve();
    };
    const endLater = () => void setImmediate(end);
    this.#cleanUps++;
    work.then(endLater, endLater);
    return work;
  }

  /** A grant that was sent is awaited also after the client was closed: a revoke could arrive before it. */
  async #hold(options: GrantOptions): Promise<HeldLease> {
    const id = options.id ?? randomLeaseId();
    // When the first attempt was sent, which may be the attempt that etcd carried out.
    let sentAt: number | undefined;
    const onSend = () => {
      sentAt ??= this.#clock.now();
    };
    const unsent = new AbortController();
    const removeListener = onAbort(this.#closing.signal, (reason) => {
      if (sentAt === undefined) unsent.abort(reason);
    });
    try {
      const { ttlSeconds } = await withAnySignal(options.signal ?? unsent.signal, unsent.signal, (signal) =>
        this.#grant({ ...options, id, onSend, signal, outlivesClose: true }),
      );
      this.#closing.signal.throwIfAborted();
      return this.#holdGranted(id, ttlSeconds, sentAt ?? this.#clock.now());
    } catch (error) {
      if (sentAt !== undefined && options.id === undefined) this.#revokeUnclaimed(id, error);
      throw error;
    } finally {
      removeListener();
    }
  }

  #holdGranted(id: LeaseId, ttlSeconds: number, sentAt: number): HeldLease {
    const lease = new HeldLeaseImpl(id, ttlSeconds, this.#keeper);
    if (this.#heldCount++ === 0) this.#releaseProcess = this.#calls.keepProcessAlive();
    this.#record.held(id, ttlSeconds);
    this.#driver.hold(id, sentAt, ttlSeconds * 1_000, lease);
    return lease;
  }

  /** Revokes a lease that etcd may have granted although `hold` rejects: no other client knows its id. */
  #revokeUnclaimed(id: LeaseId, error: unknown): void {
    const isClosed = error === this.#closing.signal.reason;
    if (!isClosed && error instanceof EtcdError && error.verdict !== 'maybe-applied') return;
    // If it fails, the lease expires after its TTL.
    const revoke = () => this.#calls.revoke(id, { unref: true, outlivesClose: true });
    this.#cleanUp(inRootContext(revoke)).catch(() => {});
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
        throw new DeadlineError(`${requestName(describeRenewal(id))} was not answered in time`, {
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
        throw errorFromServer(Code.INTERNAL, "the response is not etcd's: it does not grant the lease");
      }
      return withJson({ id, ttlSeconds: Number(granted.TTL) });
    } catch (error) {
      // An earlier attempt may have been carried out and its response lost. Otherwise the id is another client's.
      if (wasDoneBefore(error, 'LeaseExist')) return this.#confirmGrant(id, options);
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
      throw new LeaseNotFoundError(`${describeLease(id)} was granted and has already expired`, {
        code: Code.NOT_FOUND,
      });
    return withJson({ id, ttlSeconds: found.grantedSeconds });
  }

  /** A revoke that the client's end interrupted would leave the lease and its keys behind. */
  async #revokeIfPresent(id: LeaseId): Promise<void> {
    try {
      await this.#cleanUp(this.#revoke(id, { outlivesClose: true }));
    } catch (error) {
      if (!(error instanceof LeaseNotFoundError)) throw error;
    }
  }
}

function describeRenewal(lease: LeaseId): RequestDescription {
  const text = describeLease(lease);
  return { method: 'LeaseKeepAlive', subject: text, lease: text };
}

function checkGrant(ttlSeconds: number, id: LeaseId): void {
  ttl(ttlSeconds, 'ttlSeconds');
  checkInt64('lease id', id, 1n);
}

/**
 * A positive 63-bit id. With 0 the server would choose the id.
 *
 * Workaround (etcd before 3.4.20, 3.5.5; https://github.com/etcd-io/etcd/pull/14239): negative ids made members
 * inconsistent. Remove when no affected release is supported; positive ids do no harm.
 */
function randomLeaseId(): LeaseId {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}
