import {
  type AsyncStream,
  Broadcast,
  OneLoop,
  onAbort,
  raceAbort,
  Subscription,
  secondLoopError,
} from '../../async/index.js';
import { diagnosticsOf, serverName } from '../../diagnostics/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import { checkSignalOnly, checkWait, type LeaseId, noOptions, type Revision } from '../../model/index.js';
import { checkAddress } from '../address/index.js';
import { checkEndpointNames } from '../check-endpoint.js';
import type { Endpoint } from '../endpoint.js';
import { NamingError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import { type CallKey, type Claim, RegistrationCore, type RegistrationInput } from './core/index.js';
import { checkDrain, drain } from './drain.js';
import { RegistrationDriver } from './driver/driver.js';
import { InitialFailureReporter } from './initial-failure-reporter.js';
import { RegistrationObserver } from './registration-observer.js';
import type {
  DrainOptions,
  Registration,
  RegistrationEnd,
  RegistrationEvent,
  RegistrationState,
  UpdateOptions,
} from './types.js';

/** The default deadline of `update()` if the client has no `timeoutMs`, in milliseconds. */
const updateTimeoutMs = 10_000;
/** The largest number of events that wait for a slow reader. Beyond it the oldest is dropped. */
const maxQueued = 1_000;

export interface RegistrationImplOptions {
  readonly ttlSeconds: number;
  /** What to do if an operator deletes the record: store it again, or end the registration. */
  readonly onDeleted: 'restore' | 'stop';
  /** See RegisterOptions. */
  readonly onFailure?: ((error: EtcdError) => void) | undefined;
}

/** The public registration: promises and events around the core. */
export class RegistrationImpl implements Registration {
  readonly key: string;
  readonly ended: Promise<RegistrationEnd>;
  readonly #client: NamingClient;
  readonly #onFailure: ((error: EtcdError) => void) | undefined;
  /** Set while `start` waits for the first record. */
  #initialFailure: InitialFailureReporter | undefined;
  readonly #core: RegistrationCore;
  readonly #driver: RegistrationDriver;
  readonly #events = new Broadcast<RegistrationEvent>();
  readonly #settlers = new Map<CallKey, (error: EtcdError | undefined) => void>();
  #nextCall = 1;
  #onStarted: (error: EtcdError | undefined) => void = () => {};
  #removeCloseListener: () => void = () => {};
  #isClosedByOwner = false;
  /** Set when the client closed before the registration. */
  #clientClosed: ClosedError | undefined;
  #resolveEnded: (end: RegistrationEnd) => void = () => {};

  constructor(
    client: NamingClient,
    claim: Claim,
    { ttlSeconds, onDeleted, onFailure }: RegistrationImplOptions,
  ) {
    this.key = claim.key;
    this.#client = client;
    this.#onFailure = onFailure;
    this.#core = new RegistrationCore({ claim, onDeleted }, Math.random);
    const observer = new RegistrationObserver(
      serverName(client, claim.key),
      this.#core,
      diagnosticsOf(client),
    );
    this.#driver = new RegistrationDriver(this.#core, client, claim.key, ttlSeconds, {
      handled: (input, effects) => observer.onHandled(input, effects),
      started: (error) => this.#onStarted(error),
      settled: (call, error) => this.#onSettled(call, error),
      event: (event) => this.#onEvent(event),
      ended: (end) => this.#onEnded(end),
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get endpoint(): Endpoint {
    return this.#core.endpoint;
  }

  get state(): RegistrationState {
    return this.#core.state;
  }

  get lease(): LeaseId | undefined {
    return this.#core.lease;
  }

  get revision(): Revision | undefined {
    return this.#core.revision;
  }

  get lastError(): EtcdError | undefined {
    return this.#core.lastError;
  }

  get registrationCount(): number {
    return this.#core.registrationCount;
  }

  /**
   * Resolves once the first record is stored. On failure it rejects immediately and closes the registration in the
   * background.
   */
  async start(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.#onStarted = (error) => (error ? reject(error) : resolve());
    });
    this.#initialFailure = new InitialFailureReporter(this.#client, this.key, this.#onFailure);
    this.#driver.dispatch({ type: 'start', timeoutMs });
    this.#removeCloseListener = this.#client.onClose(() => {
      if (!this.#isClosedByOwner) this.#clientClosed = new ClosedError('the etcd client');
      this.#driver.dispatch({ type: 'close', what: 'the client' });
    });
    try {
      await raceAbort(started, signal);
    } catch (error) {
      void this.close();
      throw error;
    } finally {
      this.#initialFailure.close();
      this.#initialFailure = undefined;
    }
  }

  async update(change: Partial<Endpoint>, options: UpdateOptions = noOptions): Promise<void> {
    checkEndpointNames(change);
    checkWait(options);
    const { signal, timeoutMs = this.#client.timeoutMs ?? updateTimeoutMs } = options;
    if (typeof change !== 'object' || change === null) throw new NamingError('update() has no change');
    if ('addr' in change) checkAddress(change.addr);
    signal?.throwIfAborted();
    await this.#call((call) => ({ type: 'update', call, change, timeoutMs }), signal);
  }

  async drain(options: DrainOptions = noOptions): Promise<void> {
    checkDrain(options);
    const isStored = this.#core.lease !== undefined;
    const marked = this.#call((call) => ({ type: 'drain', call }), undefined);
    marked.catch(() => {}); // if the status could not be stored, the delete still ends new calls
    return drain(options, {
      mark: isStored && this.#core.showsDraining ? (signal) => raceAbort(marked, signal) : undefined,
      close: () => this.close(),
    });
  }

  events(options: { readonly signal?: AbortSignal | undefined } = noOptions): AsyncStream<RegistrationEvent> {
    checkSignalOnly(options);
    const { signal } = options;
    const events = new Subscription<RegistrationEvent>((put, end) => this.#events.listen(put, end), {
      maxQueued,
      signal,
    });
    return new OneLoop(events, () => secondLoopError('a stream', 'events'));
  }

  async close(): Promise<void> {
    this.#isClosedByOwner = true;
    this.#driver.dispatch({ type: 'close', what: 'the registration' });
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call(input: (call: CallKey) => RegistrationInput, signal: AbortSignal | undefined): Promise<void> {
    const call = this.#nextCall++;
    return new Promise((resolve, reject) => {
      let release = () => {};
      this.#settlers.set(call, (error) => {
        release();
        if (error) reject(error);
        else resolve();
      });
      this.#driver.dispatch(input(call));
      if (!this.#settlers.has(call)) return;
      release = onAbort(signal, (reason) => {
        this.#settlers.delete(call);
        this.#driver.dispatch({ type: 'abandon-call', call });
        reject(reason as Error);
      });
    });
  }

  #onEvent(event: RegistrationEvent): void {
    if (event.type === 'failure' || event.type === 'waiting') this.#initialFailure?.report(event.error);
    this.#events.publish(event);
  }

  #onSettled(call: CallKey, error: EtcdError | undefined): void {
    const settle = this.#settlers.get(call);
    this.#settlers.delete(call);
    settle?.(error);
  }

  #onEnded(end: RegistrationEnd): void {
    this.#removeCloseListener();
    this.#events.end(end.error ?? this.#clientClosed);
    this.#resolveEnded(end);
  }
}
