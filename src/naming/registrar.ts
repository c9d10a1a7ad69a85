import { backoffDelay, delay, raceAbort, systemClock } from '../async/index.js';
import { ClosedError, DeadlineError, EtcdError } from '../errors/index.js';
import type { KeptLease } from '../lease/index.js';
import type { KeyValue, LeaseId, Revision } from '../model/index.js';
import { toRecord } from './endpoint-set.js';
import { NamingError } from './errors.js';
import type { NamingClient } from './ports.js';

/**
 * - `registering`: not stored at the moment, being tried; `registered`: stored under a lease that is kept alive;
 * - `waiting`: another process's record has the key, and is waited out; `closed`: for good.
 */
export type RegistrationState = 'registering' | 'registered' | 'waiting' | 'closed';

/** An endpoint that keeps itself registered until closed. */
export interface Registration extends AsyncDisposable {
  readonly key: string;
  readonly state: RegistrationState;
  /** The lease of the present record; undefined while there is none. */
  readonly lease: LeaseId | undefined;
  /** The revision that wrote the present record. */
  readonly revision: Revision | undefined;
  /** What last stood in the way; undefined once registered again. */
  readonly lastError: EtcdError | undefined;
  /** How often the record was stored: 1, and one more for each time it was lost. */
  readonly registrations: number;
  /**
   * Deletes the record by revoking its lease, which also kills a late write. It never comes back. Bounded: when etcd
   * cannot be reached for 5 s it resolves all the same, and the lease runs out by itself. Idempotent.
   */
  close(): Promise<void>;
}

const retry = { baseMs: 200, maxMs: 5_000 };
/** So long the call that is under way at the deadline has to say what stood in its way. */
const graceMs = 50;
const closeTimeoutMs = 5_000;
/** An older one has long run out, and its record with it. */
const leasesRemembered = 16;

/** What is to be stored, and where. */
export interface Claim {
  readonly key: string;
  readonly value: Buffer;
  readonly addr: string;
  readonly ttlSeconds: number;
}

/** Performs a registration: one life of the record after another, until closed. */
export class Registrar implements Registration {
  readonly key: string;
  readonly #client: NamingClient;
  readonly #claim: Claim;
  readonly #closing = new AbortController();
  #state: RegistrationState = 'registering';
  #lease: KeptLease | undefined;
  #revision: Revision | undefined;
  #lastError: EtcdError | undefined;
  #registrations = 0;
  /** The last leases this registration had: a record under one of them is our own, whoever else has our address. */
  readonly #ownLeases = new Set<LeaseId>();
  #running: Promise<void> = Promise.resolve();
  #firstDeadline = Number.POSITIVE_INFINITY;
  #onFirst: { done(): void; failed(error: unknown): void } | undefined;

  constructor(client: NamingClient, claim: Claim) {
    this.key = claim.key;
    this.#client = client;
    this.#claim = claim;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get lease(): LeaseId | undefined {
    return this.#lease?.id;
  }

  get revision(): Revision | undefined {
    return this.#revision;
  }

  get lastError(): EtcdError | undefined {
    return this.#lastError;
  }

  get registrations(): number {
    return this.#registrations;
  }

  /** Resolves with the first record stored; on failure nothing goes on behind the caller's back. */
  async start(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const first = new Promise<void>((done, failed) => {
      this.#onFirst = { done, failed };
    });
    this.#firstDeadline = performance.now() + timeoutMs;
    const releaseClient = this.#client.onClose(() => void this.close());
    this.#running = this.#run().finally(() => {
      releaseClient();
      this.#onFirst?.failed(new ClosedError(this.#client.closed ? 'the client' : 'the registration'));
    });
    const cancelDeadline = systemClock.setTimer(timeoutMs + graceMs, () => this.#late(timeoutMs));
    try {
      await raceAbort(first, signal);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      cancelDeadline();
      this.#onFirst = undefined;
    }
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#state = 'closed';
      this.#closing.abort();
    }
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One life of the record after another, until closed. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const registeredBefore = this.#registrations;
        await this.#live(signal);
        if (this.#registrations > registeredBefore) attempt = 0;
      } catch (error) {
        if (signal.aborted) break;
        this.#lastError =
          error instanceof EtcdError ? error : new EtcdError(String(error), { code: 13, cause: error });
        if (this.#onFirst && this.#lastError.verdict === 'final') this.#onFirst.failed(this.#lastError);
      }
      if (!signal.aborted) this.#state = 'registering';
      // Jittered, so that a fleet that lost etcd together does not come back in one moment.
      await delay(backoffDelay(retry, attempt, Math.random), signal).catch(() => {});
    }
  }

  /** Grants a lease, stores the record under it, and stays until either is gone. The lease is always given back. */
  async #live(signal: AbortSignal): Promise<void> {
    const lease = await this.#client.lease.hold({
      ttlSeconds: this.#claim.ttlSeconds,
      signal,
      ...this.#inTime(),
    });
    this.#lease = lease;
    this.#own(lease.id);
    try {
      const revision = await this.#store(lease, signal);
      this.#stored(revision);
      await this.#untilGone(lease, revision, signal);
    } finally {
      this.#lease = undefined;
      this.#revision = undefined;
      await this.#giveBack(lease);
    }
  }

  #own(lease: LeaseId): void {
    this.#ownLeases.add(lease);
    const [oldest] = this.#ownLeases;
    if (this.#ownLeases.size > leasesRemembered && oldest !== undefined) this.#ownLeases.delete(oldest);
  }

  #stored(revision: Revision): void {
    this.#revision = revision;
    this.#lastError = undefined;
    this.#registrations++;
    if (!this.#closing.signal.aborted) this.#state = 'registered';
    this.#onFirst?.done();
  }

  /** Claims the key if it is free, or if its record has this very address: a restart within the TTL. Else waits. */
  async #store(lease: KeptLease, signal: AbortSignal): Promise<Revision> {
    const { key, value, addr } = this.#claim;
    let expected: Revision | undefined;
    for (;;) {
      const { succeeded, results, revision } = await this.#client.kv.txn(
        {
          compare: [
            expected === undefined
              ? { target: 'create', key, result: '=', value: 0n }
              : { target: 'mod', key, result: '=', value: expected },
          ],
          success: [{ type: 'put', key, value, options: { lease: lease.id } }],
          failure: [{ type: 'range', range: key }],
        },
        { signal, ...this.#inTime() },
      );
      if (succeeded) return revision;
      const found = results[0]?.type === 'range' ? results[0].kvs[0] : undefined;
      expected = found && this.#mayTakeOver(found, addr) ? found.modRevision : undefined;
      if (found && expected === undefined) await this.#waitOut(found, lease, signal);
    }
  }

  /** The first registration's calls end with its deadline, so that their trouble can be told. */
  #inTime(): { timeoutMs?: number } {
    const left = this.#firstDeadline - performance.now();
    return this.#onFirst && left < 10_000 ? { timeoutMs: Math.max(1, left) } : {};
  }

  /** Until the other's record changes or goes, or our own lease does. */
  async #waitOut(found: KeyValue, lease: KeptLease, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) this.#state = 'waiting';
    this.#lastError = new NamingError(
      `'${this.key}' is another's record, it is waited out: ${found.value.toString('utf8').slice(0, 200)}`,
    );
    const gone = AbortSignal.any([signal, lease.signal]);
    const watcher = this.#client.watch(this.key, { startRevision: found.modRevision + 1n, signal: gone });
    try {
      for await (const _ of watcher) return;
    } catch (error) {
      if (signal.aborted) throw error;
      if (lease.signal.aborted) throw leaseLost(lease);
      if (!(error instanceof EtcdError)) throw error;
    }
  }

  /** Until the lease ends, or the record is deleted or replaced by somebody else. */
  async #untilGone(lease: KeptLease, revision: Revision, signal: AbortSignal): Promise<void> {
    const gone = AbortSignal.any([signal, lease.signal]);
    try {
      for await (const _ of this.#client.watch(this.key, { startRevision: revision + 1n, signal: gone }))
        return;
    } catch (error) {
      if (signal.aborted) return;
      if (lease.signal.aborted) {
        this.#lastError = leaseLost(lease);
        return;
      }
      throw error;
    }
  }

  /** Revokes: a record, or a write of it still under way, dies with its lease. */
  async #giveBack(lease: KeptLease): Promise<void> {
    if (lease.signal.aborted) {
      // Lost already: the next record need not wait for etcd to hear it.
      lease.revoke().catch(() => {});
      return;
    }
    let cancel: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      cancel = setTimeout(resolve, closeTimeoutMs);
    });
    await Promise.race([lease.revoke().catch(() => {}), bound]);
    clearTimeout(cancel);
  }

  /** Our own earlier record; or, once, one of our address: a process that restarts within the TTL. Later it is a rival's. */
  #mayTakeOver(found: KeyValue, addr: string): boolean {
    if (this.#ownLeases.has(found.lease)) return true;
    return this.#registrations === 0 && toRecord(found)?.addr === addr;
  }

  #late(timeoutMs: number): void {
    const why = this.#lastError ? `: ${this.#lastError.message}` : '';
    this.#onFirst?.failed(
      new DeadlineError(`'${this.key}' was not registered within ${timeoutMs} ms${why}`, {
        cause: this.#lastError,
      }),
    );
  }
}

function leaseLost(lease: KeptLease): EtcdError {
  const end = lease.signal.reason as { readonly reason: string; readonly cause?: EtcdError };
  return new EtcdError(`the lease is gone: ${end.reason}`, {
    code: 5,
    verdict: 'not-applied',
    cause: end.cause,
  });
}
