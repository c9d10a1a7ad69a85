import {
  type BackoffOptions,
  backoffDelay,
  type Clock,
  delay,
  withAnySignal,
  withTimeout,
} from '../../async/index.js';
import {
  AmbiguousWriteError,
  ClosedError,
  ContentionError,
  DeadlineError,
  EtcdError,
  isPersistent,
  markMaybeApplied,
} from '../../errors/index.js';
import { type Bytes, type KeyValue, newResult, printable, type Revision } from '../../model/index.js';
import type { CallOptions } from '../../wire/index.js';
import type { KvClient } from '../kv-client.js';
import type { TxnResult } from '../types.js';
import { type Change, changedKv, changeTxn, foundKv, provesNotApplied, toChange } from './change.js';
import type { KvUpdateFunction, KvUpdateOptions, KvUpdateResult } from './types.js';

/** What an update needs of the client. */
export interface KeyUpdatePorts {
  readonly kv: Pick<KvClient, 'get' | 'txn'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  /** The limit of the whole update by default, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
}

/** What was last read of the key. */
interface ReadState {
  readonly kv: KeyValue | undefined;
  readonly revision: Revision;
}

const defaultMaxAttempts = 30;

/** The pauses between transactions, except after the first conflict: that of two clients needs none. */
const pauses: BackoffOptions = { baseMs: 10, maxMs: 1_000 };

/** The compare-and-set loop of one call of `kv.update`. */
export class KeyUpdate {
  readonly #ports: KeyUpdatePorts;
  readonly #key: Buffer;
  readonly #update: KvUpdateFunction;
  readonly #options: KvUpdateOptions;
  readonly #timeoutMs: number;
  readonly #deadline: number;
  #attempts = 0;
  /** Whether a write whose answer was lost may have been applied. */
  #mayBeApplied = false;

  constructor(ports: KeyUpdatePorts, key: Buffer, update: KvUpdateFunction, options: KvUpdateOptions) {
    this.#ports = ports;
    this.#key = key;
    this.#update = update;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? ports.timeoutMs;
    this.#deadline = ports.clock.now() + this.#timeoutMs;
  }

  async run(): Promise<KvUpdateResult> {
    for (let state = await this.#read(); ; ) {
      const { kv } = state;
      const change = toChange(this.#key, kv, await this.#callFunction(kv));
      if (!change) return this.#result('unchanged', kv, kv, state.revision);
      const { succeeded, results, revision } = await this.#apply(kv, change);
      if (succeeded) {
        const { lease } = this.#options;
        return this.#result(change.type, changedKv(this.#key, kv, change, { lease, revision }), kv, revision);
      }
      state = await this.#afterConflict({ kv: foundKv(results), revision });
    }
  }

  #read(): Promise<ReadState> {
    return this.#settled(this.#ports.kv.get(this.#key, this.#callOptions()));
  }

  /** After a pause, what the transaction found would be out of date. */
  async #afterConflict(found: ReadState): Promise<ReadState> {
    if (!this.#hasAttempts) throw this.#marked(new ContentionError(printable(this.#key), this.#attempts));
    if (this.#attempts < 2) return found;
    await this.#pause();
    return this.#read();
  }

  get #hasAttempts(): boolean {
    return this.#attempts < (this.#options.maxAttempts ?? defaultMaxAttempts);
  }

  /**
   * Sends the transaction until it is answered.
   * @throws {AmbiguousWriteError} if it may have been applied, and the key has changed.
   */
  async #apply(kv: KeyValue | undefined, change: Change): Promise<TxnResult> {
    const { lease, idempotent = false } = this.#options;
    const txn = changeTxn(this.#key, kv, change, lease);
    let lost: AmbiguousWriteError | undefined;
    for (;;) {
      this.#attempts++;
      const answer = await this.#sendOnce(txn);
      if (!(answer instanceof AmbiguousWriteError)) {
        if (answer.succeeded || !lost || idempotent) return answer;
        if (!provesNotApplied(kv, change, foundKv(answer.results), lease)) throw lost;
        this.#mayBeApplied = false;
        return answer;
      }
      if (!this.#hasAttempts || isPersistent(answer) || this.#remainingMs() === 0) throw answer;
      lost = answer;
      this.#mayBeApplied = true;
      await this.#pause();
    }
  }

  async #sendOnce(txn: Parameters<KvClient['txn']>[0]): Promise<TxnResult | AmbiguousWriteError> {
    try {
      return await this.#settled(this.#ports.kv.txn(txn, this.#callOptions()));
    } catch (error) {
      if (error instanceof AmbiguousWriteError && error !== this.#options.signal?.reason) return error;
      throw error;
    }
  }

  /** The function's promise may never settle. */
  #callFunction(kv: KeyValue | undefined): Promise<Bytes | null | undefined> {
    const text = `the function of update '${printable(this.#key)}' returned nothing within ${this.#timeoutMs} ms`;
    const timeoutError = () => this.#marked(new DeadlineError(text, { verdict: 'not-applied' }));
    const returned = (async () => this.#update(kv))();
    return this.#interruptible((signal) =>
      withTimeout(returned, this.#remainingMs(), timeoutError, { signal }),
    );
  }

  /** Ends early when the deadline has passed: the call that follows reports that. */
  #pause(): Promise<void> {
    const pauseMs = backoffDelay(pauses, this.#attempts - 1, this.#ports.random);
    return this.#interruptible((signal) => delay(Math.min(pauseMs, this.#remainingMs()), signal));
  }

  /** Calls `work` with a signal that also aborts when the client closes. */
  async #interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { closing } = this.#ports;
    try {
      return await withAnySignal(this.#options.signal ?? closing, closing, work);
    } catch (error) {
      throw closing.aborted && error === closing.reason ? this.#marked(new ClosedError('the client')) : error;
    }
  }

  #remainingMs(): number {
    return Math.max(0, this.#deadline - this.#ports.clock.now());
  }

  #callOptions(): CallOptions {
    return { signal: this.#options.signal, timeoutMs: this.#remainingMs() };
  }

  async #settled<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      // The reason of the signal belongs to the caller.
      throw error instanceof EtcdError && error !== this.#options.signal?.reason
        ? this.#marked(error)
        : error;
    }
  }

  /** Whatever fails after a lost answer, the lost write may have been applied. */
  #marked<T extends EtcdError>(error: T): T {
    return this.#mayBeApplied ? markMaybeApplied(error) : error;
  }

  #result(
    type: KvUpdateResult['type'],
    kv: KeyValue | undefined,
    prevKv: KeyValue | undefined,
    revision: Revision,
  ): KvUpdateResult {
    const result = newResult<KvUpdateResult>();
    result.type = type;
    result.kv = kv;
    result.prevKv = prevKv;
    result.revision = revision;
    result.attempts = this.#attempts;
    return result;
  }
}
