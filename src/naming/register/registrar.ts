import { backoffDelay, delay, withEither } from '../../async/index.js';
import { ClosedError, EtcdError, RolledBackError, toEtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';
import type { KeyValue, LeaseId, Revision } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';
import { ConflictError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import { type Claim, drained } from './claim.js';
import { claimKey } from './claim-key.js';
import { checkDrain, drain } from './drain.js';
import { RegistrationEvents } from './events.js';
import { FirstRecord } from './first.js';
import { followKey, type KeyState } from './follow-key.js';
import { LeftLeases, leaseLost } from './left-leases.js';
import { RecordWriter } from './record-writer.js';
import { retry, retryPacer } from './retry.js';
import { deleteOrphan, textOf } from './store.js';
import type {
  DrainOptions,
  Registration,
  RegistrationEnd,
  RegistrationEvent,
  RegistrationState,
} from './types.js';

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
  #lastError: EtcdError | undefined;
  #registrations = 0;
  readonly #left = new LeftLeases();
  readonly #writer: RecordWriter;
  #running: Promise<void> = Promise.resolve();
  #end: RegistrationEnd = { reason: 'closed' };
  #resolveEnded: (end: RegistrationEnd) => void = () => {};
  /** While the first record is waited for. */
  #first: FirstRecord | undefined;

  constructor(client: NamingClient, claim: Claim, options: RegistrarOptions) {
    this.key = claim.key;
    this.#client = client;
    this.#claim = claim;
    this.#options = options;
    this.#writer = new RecordWriter({
      client,
      claim,
      closing: this.#closing.signal,
      tell: (event) => this.#events.tell(event),
      onTrouble: (error) => this.#met(error),
      onStored: () => this.#met(undefined),
    });
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
    return this.#writer.revision;
  }

  get lastError(): EtcdError | undefined {
    return this.#lastError;
  }

  get registrations(): number {
    return this.#registrations;
  }

  /**
   * Resolves with the first record stored. On failure it rejects at once, whatever state etcd is in; what was stored
   * meanwhile is deleted behind the caller's back, as by `close()`.
   */
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
      void this.close();
      throw error;
    } finally {
      this.#first = undefined;
    }
  }

  async update(
    change: Partial<Endpoint>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await this.#writer.update(change, options.signal);
  }

  async drain(options: DrainOptions = {}): Promise<void> {
    checkDrain(options);
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
    this.#writer.wake();
    this.#events.tell({ type: 'ended', ...this.#end });
    this.#events.end();
    this.#resolveEnded(this.#end);
  }

  /** One life of the record after another, until closed. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const pacer = retryPacer();
    while (!signal.aborted) {
      let trouble: EtcdError | undefined;
      try {
        await this.#live(signal);
      } catch (error) {
        if (signal.aborted) break;
        trouble = toEtcdError(error);
        this.#failed(trouble);
      }
      if (signal.aborted) break;
      this.#state = 'registering';
      const retryInMs = pacer.next();
      if (trouble) this.#events.tell({ type: 'trouble', error: trouble, retryInMs });
      await delay(retryInMs, signal).catch(() => {});
    }
    await this.#cleanUp();
  }

  /** Bounded: an etcd out of reach keeps the record until its lease ends. */
  async #cleanUp(): Promise<void> {
    const wasStored = this.#registrations > 0;
    const [leftSeconds] = await Promise.all([
      this.#left.revoke(closeTimeoutMs),
      wasStored ? deleteOrphan(this.#client, this.#claim, closeTimeoutMs) : undefined,
    ]);
    if (leftSeconds > 0) this.#end = { ...this.#end, expiresInMs: leftSeconds * 1_000 };
  }

  #failed(error: EtcdError): void {
    this.#lastError = error;
    // A store that was wiped or restored is there all the same: the next try meets it as it is.
    const isFinal = error.verdict === 'final' && !(error instanceof RolledBackError);
    if (this.#first && isFinal) this.#first.failed(error);
    else if (error instanceof ConflictError) this.#stop({ reason: 'replaced', error });
  }

  /** One record: granted, stored, and kept until it or its lease is gone. */
  async #live(signal: AbortSignal): Promise<void> {
    const lease = await this.#client.lease.hold({
      ttlSeconds: this.#options.ttlSeconds,
      signal,
      ...this.#first?.callOptions(),
    });
    this.#lease = lease;
    this.#claim.own(lease.id);
    try {
      const revision = await this.#claimKey(lease, signal);
      this.#stored(lease, revision);
      await this.#untilGone(lease, revision, signal);
    } finally {
      this.#lease = undefined;
      this.#writer.gone();
      this.#left.add(lease);
    }
  }

  #claimKey(lease: KeptLease, signal: AbortSignal): Promise<Revision> {
    const ports = {
      client: this.#client,
      claim: this.#claim,
      isFirst: this.#registrations === 0,
      callOptions: () => this.#first?.callOptions() ?? {},
      onWaiting: (error: ConflictError, value: string) => {
        if (!signal.aborted) this.#state = 'waiting';
        this.#lastError = error;
        this.#events.tell({ type: 'waiting', value });
      },
      onTrouble: (error: EtcdError) => this.#met(error),
    };
    return claimKey(ports, lease, signal);
  }

  #met(error: EtcdError | undefined): void {
    this.#lastError = error;
  }

  #stored(lease: KeptLease, revision: Revision): void {
    this.#lastError = undefined;
    this.#registrations++;
    if (!this.#closing.signal.aborted) this.#state = 'registered';
    this.#left.revokeSoon();
    this.#first?.done();
    this.#writer.stored(lease, revision);
    this.#events.tell({ type: 'registered', again: this.#registrations > 1, lease: lease.id, revision });
  }

  /** Until the lease ends, or the record is deleted or replaced by somebody else. */
  async #untilGone(lease: KeptLease, stored: Revision, signal: AbortSignal): Promise<void> {
    const { key } = this;
    const onTrouble = (error: EtcdError) => this.#met(error);
    try {
      await withEither(signal, lease.signal, async (gone) => {
        for await (const state of followKey(this.#client, { key, from: stored, signal: gone, onTrouble }))
          if (await this.#isOver(state, lease, signal)) return;
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!lease.signal.aborted) throw error;
      this.#lost('lease', leaseLost(lease));
    }
  }

  /** Whether the record is no longer ours. */
  async #isOver(state: KeyState, lease: KeptLease, signal: AbortSignal): Promise<boolean> {
    const finding = this.#claim.judge(state, lease.id, this.#writer.revision ?? 0n);
    const { kv } = state;
    switch (finding) {
      case 'known':
        return false;
      case 'gone':
        await this.#deleted(lease, signal);
        return true;
      case 'replaced':
        if (kv) this.#replaced(kv);
        return true;
      case 'ours':
      case 'orphan':
        if (kv) this.#writer.changed(kv);
        return false;
    }
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
    const error = new ConflictError(`'${this.key}' was written over by another: ${textOf(kv)}`);
    this.#lost('replaced', error);
    // Two that take from each other would never rest: the loser goes.
    if (this.#claim.yields === 'fail') this.#stop({ reason: 'replaced', error });
  }

  #lost(cause: 'lease' | 'deleted' | 'replaced', error?: EtcdError): void {
    if (error) this.#lastError = error;
    if (cause !== 'lease') this.#lease?.revoke().catch(() => {}); // no record of ours is attached to it any more
    this.#events.tell({ type: 'lost', cause, error });
  }
}
