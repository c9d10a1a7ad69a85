import { handled, type Pending, pending, sharedAbortController, withTimeout } from '../../async/index.js';
import { ClosedError, DeadlineError, type EtcdError } from '../../errors/index.js';
import type { Compare, Txn, TxnResult, WriteCallOptions } from '../../kv/index.js';
import { checkTxnInput, checkWriteCall } from '../../kv/options.js';
import type { HeldLease } from '../../lease/index.js';
import {
  checkWait,
  inspectCustom,
  keyText,
  type LeaseId,
  noOptions,
  type Revision,
  withJson,
} from '../../model/index.js';
import type { CallOptions } from '../../wire/index.js';
import type { Acquired } from '../core/index.js';
import type { LockLostError } from '../lock-lost-error.js';
import type { Lock } from '../types.js';
import type { Acquisition } from './acquisition.js';
import type { QueueClient } from './ports.js';

/** The parts of an ownership. */
export interface OwnershipParts {
  readonly client: Pick<QueueClient, 'kv'>;
  readonly acquisition: Pick<Acquisition, 'dispatch'>;
  readonly lease: Pick<HeldLease, 'held'>;
  readonly acquired: Acquired;
  /** The queue's name. */
  readonly name: Buffer;
  /** What errors call it, such as `the lock 'jobs'`. */
  readonly what: string;
  /** Called when it is lost or released, with what the signal is aborted with. */
  readonly onEnd: (end: LockLostError | ClosedError) => void;
}

/** The first place of a queue, while it is owned and after that: a lock, or what a term of an election is built on. */
export class Ownership implements Lock {
  readonly name: Buffer;
  readonly key: Buffer;
  readonly leaseId: LeaseId;
  readonly token: bigint;
  readonly guard: Compare;
  /** The revision that created the key. */
  readonly createRevision: Revision;
  readonly #parts: OwnershipParts;
  #end: LockLostError | ClosedError | undefined;
  #abortController: AbortController | undefined;
  #released: Pending<void> | undefined;

  constructor(parts: OwnershipParts) {
    const { key, lease, token, createRevision } = parts.acquired;
    this.#parts = parts;
    this.name = parts.name;
    this.key = key;
    this.leaseId = lease;
    this.token = token;
    this.createRevision = createRevision;
    this.guard = { target: 'create', key, result: '=', value: createRevision };
  }

  get held(): boolean {
    // Reading the lease ends it if it has expired, which calls `onLost`.
    return this.#end === undefined && this.#parts.lease.held;
  }

  get signal(): AbortSignal {
    this.#abortController ??= sharedAbortController();
    if (this.#end) this.#abortController.abort(this.#end);
    return this.#abortController.signal;
  }

  async txn(txn: Txn, options: WriteCallOptions = noOptions): Promise<TxnResult> {
    checkTxnInput(txn);
    checkWriteCall(options);
    if (!this.held && this.#end) throw this.#end;
    const guarded: Txn = { compare: [this.guard], success: [{ type: 'txn', txn }] };
    const { succeeded, results, revision } = await this.#parts.client.kv.txn(guarded, options);
    const [nested] = results;
    if (succeeded && nested?.type === 'txn')
      return withJson({ succeeded: nested.succeeded, results: nested.results, revision });
    this.#parts.acquisition.dispatch({ type: 'guard-failed' });
    throw this.#end ?? new ClosedError(this.#parts.what);
  }

  async release(options: CallOptions = noOptions): Promise<void> {
    checkWait(options);
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    if (!this.#end) this.#beginRelease();
    const { what } = this.#parts;
    const late = () => new DeadlineError(`${what} was not released within ${timeoutMs} ms`);
    if (this.#released) await withTimeout(this.#released.promise, timeoutMs, late, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A release that fails is completed by the lease, which is not renewed any more.
    await this.release().catch(() => {});
  }

  toJSON(): object {
    const { name, key, leaseId, token, held } = this;
    return {
      name: keyText(name),
      key: keyText(key),
      leaseId: String(leaseId),
      token: String(token),
      held,
    };
  }

  /** What `console.log` shows: `held` is a getter, which it would leave out. */
  [inspectCustom](): object {
    const { name, key, leaseId, token, held } = this;
    return { name: keyText(name), key: keyText(key), leaseId, token, held };
  }

  /** Called when the ownership is lost. */
  onLost(error: LockLostError): void {
    this.#finish(error);
  }

  /** Called when the release is done. */
  onReleased(error: EtcdError | undefined): void {
    if (error) this.#released?.reject(error);
    else this.#released?.resolve();
  }

  #beginRelease(): void {
    this.#released = pending();
    void handled(this.#released.promise);
    this.#finish(new ClosedError(this.#parts.what));
    this.#parts.acquisition.dispatch({ type: 'release' });
  }

  #finish(end: LockLostError | ClosedError): void {
    if (this.#end) return;
    this.#end = end;
    this.#parts.onEnd(end);
    this.#abortController?.abort(end);
  }
}
