import { backoffDelay, delay, raceAbort, systemClock, withEither } from '../../async/index.js';
import { ClosedError, CompactedError, EtcdError, toEtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';
import type { KeyValue, LeaseId, Revision, WatchEvent } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';
import { ConflictError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import { type Claim, drained } from './claim.js';
import { drain } from './drain.js';
import { RegistrationEvents } from './events.js';
import { FirstRecord } from './first.js';
import { LeftLeases, leaseLost } from './left-leases.js';
import type {
  DrainOptions,
  Registration,
  RegistrationEnd,
  RegistrationEvent,
  RegistrationState,
} from './types.js';

const retry = { baseMs: 200, maxMs: 5_000 };
const closeTimeoutMs = 5_000;

export interface RegistrarOptions {
  readonly ttlSeconds: number;
  /** What to do when an operator deletes the record: store it again, or take it as an order. */
  readonly onDeleted: 'restore' | 'stop';
}

/** Performs a registration: one life of the record after another, until closed. */
export class Registrar implements Registration {
  readonly key: string;
  readonly ended: Promise<RegistrationEnd>;
  readonly #client: NamingClient;
  readonly #claim: Claim;
  readonly #options: RegistrarOptions;
  readonly #events = new RegistrationEvents();
  readonly #closing = new AbortController();
  #state: RegistrationState = 'registering';
  #draining = false;
  #lease: KeptLease | undefined;
  #revision: Revision | undefined;
  #lastError: EtcdError | undefined;
  #registrations = 0;
  readonly #left = new LeftLeases();
  #running: Promise<void> = Promise.resolve();
  #updating: Promise<void> = Promise.resolve();
  #end: RegistrationEnd = { reason: 'closed' };
  #resolveEnded: (end: RegistrationEnd) => void = () => {};
  /** While the first record is waited for. */
  #first: FirstRecord | undefined;
  /** Called when the record was stored, or the registration has ended. */
  readonly #onStored = new Set<() => void>();

  constructor(client: NamingClient, claim: Claim, options: RegistrarOptions) {
    this.key = claim.key;
    this.#client = client;
    this.#claim = claim;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get endpoint(): Endpoint {
    return this.#claim.endpoint;
  }

  get state(): RegistrationState {
    return this.#state === 'registered' && this.#draining ? 'draining' : this.#state;
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
    const first = new FirstRecord(timeoutMs);
    this.#first = first;
    const releaseClient = this.#client.onClose(() => void this.close());
    this.#running = this.#run().finally(() => {
      releaseClient();
      first.failed(new ClosedError(this.#client.closed ? 'the client' : 'the registration'));
      this.#finished();
    });
    try {
      await first.wait(this.key, signal, () => this.#lastError);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#first = undefined;
    }
  }

  async update(
    change: Partial<Endpoint>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    // One after the other, so that what each finds in the record is the one before it, or somebody else's.
    const mine = this.#updating.then(() => this.#update(change, options.signal));
    this.#updating = mine.catch(() => {});
    await raceAbort(mine, options.signal);
  }

  drain(options: DrainOptions = {}): Promise<void> {
    this.#draining = true;
    const isStored = this.#state === 'registered';
    return drain(options, {
      mark: isStored ? (signal) => this.update({ metadata: drained(this.endpoint) }, { signal }) : undefined,
      close: () => this.close(),
    });
  }

  events(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<RegistrationEvent, undefined> {
    return this.#events.read(options.signal);
  }

  async close(): Promise<void> {
    this.#stop({ reason: 'closed' });
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(end: RegistrationEnd): void {
    if (this.#closing.signal.aborted) return;
    this.#end = end;
    this.#state = 'closed';
    this.#closing.abort();
  }

  #finished(): void {
    for (const stored of [...this.#onStored]) stored();
    this.#events.tell({ type: 'ended', ...this.#end });
    this.#events.end();
    this.#resolveEnded(this.#end);
  }

  /** One life of the record after another, until closed. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const registeredBefore = this.#registrations;
      let trouble: EtcdError | undefined;
      try {
        await this.#live(signal);
      } catch (error) {
        if (signal.aborted) break;
        trouble = toEtcdError(error);
        this.#failed(trouble);
      }
      if (signal.aborted) break;
      if (this.#registrations > registeredBefore) attempt = 0;
      this.#state = 'registering';
      // Jittered, so that a fleet that lost etcd together does not come back in one moment.
      const retryInMs = backoffDelay(retry, attempt, Math.random);
      if (trouble) this.#events.tell({ type: 'trouble', error: trouble, retryInMs });
      await delay(retryInMs, signal).catch(() => {});
    }
    const leftSeconds = await this.#left.revoke(closeTimeoutMs);
    if (leftSeconds > 0) this.#end = { ...this.#end, expiresInMs: leftSeconds * 1_000 };
  }

  #failed(error: EtcdError): void {
    this.#lastError = error;
    if (this.#first && error.verdict === 'final') this.#first.failed(error);
    else if (error instanceof ConflictError) this.#stop({ reason: 'replaced', error });
  }

  /** Grants a lease, stores the record under it, and stays until either is gone. */
  async #live(signal: AbortSignal): Promise<void> {
    const lease = await this.#client.lease.hold({
      ttlSeconds: this.#options.ttlSeconds,
      signal,
      ...this.#first?.callOptions(),
    });
    this.#lease = lease;
    this.#claim.own(lease.id);
    try {
      const revision = await this.#store(lease, signal);
      this.#stored(lease, revision);
      await this.#untilGone(lease, revision, signal);
    } finally {
      this.#lease = undefined;
      this.#revision = undefined;
      this.#left.add(lease);
    }
  }

  #stored(lease: KeptLease, revision: Revision): void {
    this.#revision = revision;
    this.#lastError = undefined;
    this.#registrations++;
    if (!this.#closing.signal.aborted) this.#state = 'registered';
    this.#left.revokeSoon();
    this.#first?.done();
    this.#events.tell({ type: 'registered', again: this.#registrations > 1, lease: lease.id, revision });
    for (const stored of [...this.#onStored]) stored();
  }

  /** Claims the key if it is free or its record may be replaced; else waits, or gives up. */
  async #store(lease: KeptLease, signal: AbortSignal): Promise<Revision> {
    let expected: Revision | undefined;
    for (;;) {
      const txn = this.#claim.storeTxn(lease.id, expected);
      const options = { signal, ...this.#first?.callOptions() };
      const { succeeded, results, revision } = await this.#client.kv.txn(txn, options);
      if (succeeded) return revision;
      const found = results[0]?.type === 'range' ? results[0].kvs[0] : undefined;
      const replace = found && this.#claim.mayReplace(found, this.#registrations === 0);
      expected = replace ? found.modRevision : undefined;
      if (found && !replace) await this.#yieldTo(found, revision, lease, signal);
    }
  }

  /** Until the other's record changes or goes from what it was at that revision, or our own lease does. */
  async #yieldTo(found: KeyValue, seen: Revision, lease: KeptLease, signal: AbortSignal): Promise<void> {
    const value = found.value.toString('utf8').slice(0, 200);
    if (this.#claim.yields === 'fail')
      throw new ConflictError(`'${this.key}' is another's record, and is left to it: ${value}`);
    if (!signal.aborted) this.#state = 'waiting';
    this.#lastError = new ConflictError(`'${this.key}' is another's record, it is waited out: ${value}`);
    this.#events.tell({ type: 'waiting', value });
    await withEither(signal, lease.signal, async (gone) => {
      // Not from the record's own revision, which a compaction may have taken long ago.
      const watcher = this.#client.watch(this.key, { startRevision: seen + 1n, signal: gone });
      try {
        for await (const _ of watcher) return;
      } catch (error) {
        if (signal.aborted) throw error;
        if (lease.signal.aborted) throw leaseLost(lease);
        if (!(error instanceof EtcdError)) throw error;
        await delay(backoffDelay(retry, 1, Math.random), gone).catch(() => {});
      }
    });
  }

  /** Until the lease ends, or the record is deleted or replaced by somebody else. */
  #untilGone(lease: KeptLease, stored: Revision, signal: AbortSignal): Promise<void> {
    return withEither(signal, lease.signal, (gone) => this.#follow(lease, stored, signal, gone));
  }

  async #follow(lease: KeptLease, stored: Revision, signal: AbortSignal, gone: AbortSignal): Promise<void> {
    for (let from = stored; ; ) {
      try {
        for await (const { events } of this.#client.watch(this.key, {
          startRevision: from + 1n,
          signal: gone,
        })) {
          for (const event of events) if (await this.#isOver(event, lease, signal)) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (lease.signal.aborted) return this.#lost('lease', leaseLost(lease));
        if (!(error instanceof CompactedError)) throw error;
        // What happened to the key shows in the key.
        const { kvs, revision } = await this.#client.kv.range(this.key, { signal: gone });
        const [kv] = kvs;
        if (await this.#isOver(kv ? { type: 'put', kv } : undefined, lease, signal)) return;
        from = revision;
      }
    }
  }

  /** Whether the record is no longer ours, by an event of its key; undefined is a key that is not there. */
  async #isOver(event: WatchEvent | undefined, lease: KeptLease, signal: AbortSignal): Promise<boolean> {
    if (!event || event.type === 'delete') {
      await this.#deleted(lease, signal);
      return true;
    }
    const { kv } = event;
    // Known already from the answer to the write.
    if (this.#revision !== undefined && kv.modRevision <= this.#revision) return false;
    if (kv.lease !== lease.id) {
      this.#replaced(kv);
      return true;
    }
    this.#revision = kv.modRevision;
    if (!this.#claim.isStored(kv)) this.#adopt(kv);
    return false;
  }

  /** By an operator, unless the lease is gone as well: then its end took the record along. */
  async #deleted(lease: KeptLease, signal: AbortSignal): Promise<void> {
    const alive = await this.#isAlive(lease, signal);
    this.#lost(alive ? 'deleted' : 'lease');
    if (alive && this.#options.onDeleted === 'stop') this.#stop({ reason: 'deleted' });
  }

  /** Asks until etcd answers or the lease is over: a guess would undo an operator's order. */
  async #isAlive(lease: KeptLease, signal: AbortSignal): Promise<boolean> {
    for (let attempt = 0; lease.held; attempt++) {
      try {
        return (await this.#client.lease.timeToLive(lease.id, { signal })) !== undefined;
      } catch (error) {
        if (signal.aborted || !(error instanceof EtcdError) || error.verdict === 'final') throw error;
        this.#lastError = error;
        await delay(backoffDelay(retry, attempt, Math.random), signal);
      }
    }
    return false;
  }

  #replaced(kv: KeyValue): void {
    const error = new ConflictError(
      `'${this.key}' was written over by another: ${kv.value.toString('utf8').slice(0, 200)}`,
    );
    this.#lost('replaced', error);
    // Two that take from each other would never rest: the loser goes.
    if (this.#claim.yields === 'fail') this.#stop({ reason: 'replaced', error });
  }

  #lost(cause: 'lease' | 'deleted' | 'replaced', error?: EtcdError): void {
    if (error) this.#lastError = error;
    if (cause !== 'lease') this.#lease?.revoke().catch(() => {}); // no record of ours is attached to it any more
    this.#events.tell({ type: 'lost', cause, error });
  }

  #adopt(kv: KeyValue): void {
    const endpoint = this.#claim.adopt(kv);
    if (endpoint) this.#events.tell({ type: 'adopted', endpoint });
    else this.update({}).catch(() => {}); // no reader could use that: ours is stored again
  }

  async #update(change: Partial<Endpoint>, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      this.#throwIfClosed();
      this.#claim.change(change); // anew each time: what somebody else wrote meanwhile was adopted
      if (await this.#storeInPlace(signal)) return;
      await raceAbort(this.#storedAgain(), signal);
    }
  }

  /** Whether the record now is what it should be; not while there is none of ours to change. */
  async #storeInPlace(signal: AbortSignal | undefined): Promise<boolean> {
    const [lease, revision] = [this.#lease, this.#revision];
    if (!lease || revision === undefined) return false;
    const txn = this.#claim.storeTxn(lease.id, revision);
    const { value } = this.#claim; // adopting may change it before the answer is here
    const store = (gone: AbortSignal) => this.#client.kv.txn(txn, { signal: gone, idempotent: true });
    try {
      const result = await (signal ? withEither(signal, lease.signal, store) : store(lease.signal));
      if (result.succeeded) {
        if (this.#revision === revision) this.#revision = result.revision;
        return true;
      }
      const found = result.results[0]?.type === 'range' ? result.results[0].kvs[0] : undefined;
      if (found?.lease !== lease.id) return false;
      const isStored = found.value.equals(value);
      if (this.#revision !== undefined && found.modRevision > this.#revision) {
        // Ahead of its event, which then tells nothing new.
        this.#revision = found.modRevision;
        if (!isStored) this.#adopt(found);
      }
      return isStored;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (lease.signal.aborted || (error instanceof EtcdError && error.verdict !== 'final')) return false;
      throw error;
    }
  }

  /** Resolves when the record is stored the next time, when some time has passed, or at the end. */
  #storedAgain(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#onStored.delete(done);
        resolve();
      };
      const cancel = systemClock.setTimer(retry.baseMs, done);
      this.#onStored.add(done);
    });
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new ClosedError('the registration');
  }
}
