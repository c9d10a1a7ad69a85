import { backoffDelay, delay, raceAbort, systemClock, withTimeout } from '../async/index.js';
import { AmbiguousWriteError, DeadlineError } from '../errors/index.js';
import type { Compare, Txn, TxnResult, WriteCallOptions } from '../kv/index.js';
import type { Ownership } from '../lock/index.js';
import {
  type Bytes,
  checkWait,
  inspectCustom,
  type LeaseId,
  noOptions,
  printable,
  type Revision,
} from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import { proposalBytes } from './proposal.js';
import type { Term } from './types.js';

/** Between attempts that met another writer of the own key, which no candidate is. */
const conflictBackoff = { baseMs: 20, maxMs: 1_000 };

/** The implementation of {@link Term}. */
export class ElectionTerm implements Term {
  readonly #ownership: Ownership;
  readonly #timeoutMs: number;
  /** The revision of the key's last known write. */
  #modRevision: Revision;
  /** Settles with the last proclamation. */
  #proclaimed: Promise<unknown> = Promise.resolve();

  /** @param timeoutMs The client's default deadline. */
  constructor(ownership: Ownership, createRevision: Revision, timeoutMs: number) {
    this.#ownership = ownership;
    this.#timeoutMs = timeoutMs;
    this.#modRevision = createRevision;
  }

  get name(): Buffer {
    return this.#ownership.name;
  }

  get key(): Buffer {
    return this.#ownership.key;
  }

  get leaseId(): LeaseId {
    return this.#ownership.leaseId;
  }

  get token(): bigint {
    return this.#ownership.token;
  }

  get guard(): Compare {
    return this.#ownership.guard;
  }

  get held(): boolean {
    return this.#ownership.held;
  }

  get signal(): AbortSignal {
    return this.#ownership.signal;
  }

  txn(txn: Txn, options: WriteCallOptions = noOptions): Promise<TxnResult> {
    return this.#ownership.txn(txn, options);
  }

  async proclaim(value: Bytes, options: CallOptions = noOptions): Promise<void> {
    const bytes = proposalBytes(value);
    checkWait(options);
    const { signal, timeoutMs = this.#timeoutMs } = options;
    const deadline = systemClock.now() + timeoutMs;
    const before = this.#proclaimed;
    const turn = withTimeout(before, timeoutMs, () => queuedError(this.key, timeoutMs), { signal });
    const proclaimed = turn.then(() => this.#write(bytes, deadline, signal));
    this.#proclaimed = Promise.allSettled([before, proclaimed]);
    return raceAbort(proclaimed, signal).catch(throwAsWrite(this.key, signal));
  }

  resign(options: CallOptions = noOptions): Promise<void> {
    return this.#ownership.release(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ownership[Symbol.asyncDispose]();
  }

  toJSON(): object {
    return this.#ownership.toJSON();
  }

  /** What `console.log` shows. */
  [inspectCustom](): object {
    return this.#ownership[inspectCustom]();
  }

  /**
   * The condition on the mod revision makes the write safe to send again: the first attempt that is applied changes it,
   * so that a delayed one is not applied over a later proclamation.
   */
  async #write(value: Buffer, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { key, leaseId: lease } = this;
    for (let attempt = 0; ; attempt++) {
      const txn: Txn = {
        compare: [{ target: 'mod', key, result: '=', value: this.#modRevision }],
        success: [{ type: 'put', key, value, options: { lease } }],
        failure: [{ type: 'range', range: key }],
      };
      const { succeeded, results, revision } = await this.#ownership.txn(txn, {
        signal,
        timeoutMs: Math.max(0, deadline - systemClock.now()),
        idempotent: true,
      });
      const [read] = results;
      const found = read?.type === 'range' ? read.kvs[0] : undefined;
      this.#modRevision = found?.modRevision ?? revision;
      // Without a conflict, an attempt whose answer was lost has written the value.
      if (succeeded || (found?.value.equals(value) && found.lease === lease)) return;
      await delay(backoffDelay(conflictBackoff, attempt, Math.random), signal);
    }
  }
}

/** A proclamation whose turn did not come in time is not sent. */
function queuedError(key: Buffer, timeoutMs: number): DeadlineError {
  const text = `a proclamation of '${printable(key)}' was not sent within ${timeoutMs} ms: an earlier one is not answered`;
  return new DeadlineError(text, { verdict: 'not-applied' });
}

/** The caller did not declare the write idempotent: an error after which it may be applied is that of a write. */
function throwAsWrite(key: Buffer, signal: AbortSignal | undefined): (error: unknown) => never {
  return (error) => {
    if (error !== signal?.reason && error instanceof DeadlineError && error.verdict === 'maybe-applied') {
      const { member = 'etcd' } = error.tried.at(-1) ?? {};
      throw new AmbiguousWriteError('Txn', member, error, `'${printable(key)}'`);
    }
    throw error;
  };
}
