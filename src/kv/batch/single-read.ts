import { AsyncResource } from 'node:async_hooks';
import type { ReadTrace } from '../../wire/index.js';
import type { GetResult } from '../types.js';
import type { QueuedRead, RefusedBatch } from './core/index.js';

type Resolve = (result: GetResult) => void;
type Reject = (error: unknown) => void;

let resolveNext: Resolve;
let rejectNext: Reject;
/** Shared by all promises, so that a read costs no closure. A promise calls it before its constructor returns. */
const capture = (resolve: Resolve, reject: Reject): void => {
  resolveNext = resolve;
  rejectNext = reject;
};

/**
 * One call of `get`, from the call until its caller has the result. It keeps the asynchronous context of its caller, in
 * which a call of its own continues: the batch has that of another read.
 */
export class SingleRead extends AsyncResource implements QueuedRead {
  readonly key: Buffer;
  readonly name: string;
  readonly keysOnly: boolean;
  readonly serializable: boolean;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** The store's epoch at the call. */
  readonly epoch: number;
  /** The length of the namespace, which the result's key does not have. */
  readonly prefixLength: number;
  readonly result: Promise<GetResult>;
  operation = 0;
  isSettled = false;
  /** The batch that was refused, possibly because of this key. */
  refused: RefusedBatch | undefined;
  /** The batch on its way that has the read. */
  batch: { leave(): void } | undefined;
  /** Removes the listener of the signal. */
  releaseSignal: (() => void) | undefined;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    key: Buffer,
    prefixLength: number,
    options: {
      readonly keysOnly?: boolean;
      readonly serializable?: boolean;
      readonly signal?: AbortSignal | undefined;
    },
    deadline: number,
    epoch: number,
  ) {
    super('ETCD_READ');
    this.key = key;
    this.name = key.toString('latin1');
    this.keysOnly = options.keysOnly ?? false;
    this.serializable = options.serializable ?? false;
    this.signal = options.signal;
    this.deadline = deadline;
    this.epoch = epoch;
    this.prefixLength = prefixLength;
    this.result = new Promise(capture);
    this.#resolve = resolveNext;
    this.#reject = rejectNext;
  }

  /** Records what happens to the read, while something receives that. */
  get trace(): ReadTrace | undefined {
    return undefined;
  }

  resolve(result: GetResult): void {
    this.#end();
    this.#resolve(result);
  }

  reject(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  /** Leaves the batch, if it is in one, and its signal: a call of its own follows, or nothing. */
  detach(): void {
    this.batch?.leave();
    this.batch = undefined;
    this.releaseSignal?.();
    this.releaseSignal = undefined;
  }

  #end(): void {
    this.isSettled = true;
    this.detach();
  }
}
