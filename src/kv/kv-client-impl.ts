import {
  type AsyncStream,
  CancellableIterator,
  type Clock,
  OneLoop,
  secondLoopError,
  systemClock,
} from '../async/index.js';
import {
  type Bytes,
  callback,
  checkInt64,
  type KeyRange,
  namespaceKey,
  noOptions,
  type Revision,
  toWireRange,
} from '../model/index.js';
import type { CallOptions, KvCalls } from '../wire/index.js';
import { mayShareRequest, type ReadBatcher } from './batch/index.js';
import type { KvClient } from './kv-client.js';
import {
  checkCompact,
  checkDelete,
  checkGet,
  checkPut,
  checkRangeOptions,
  checkStream,
  checkTxnInput,
  checkUpdate,
  checkWriteCall,
} from './options.js';
import { RangeReader } from './range/reader.js';
import { RangeStreamSupport } from './range/stream-support.js';
import { checkSingleKey, deleteRequest, putRequest, rangeRequest } from './requests.js';
import { deleteResult, getResult, putResult, rangeResult, txnResult } from './results.js';
import { txnRequest } from './txn/request.js';
import { isReadOnly, type Txn } from './txn/txn.js';
import type {
  CompactOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  GetResult,
  PutOptions,
  PutResult,
  RangeBatch,
  RangeOptions,
  RangeResult,
  StreamOptions,
  TxnResult,
  WriteCallOptions,
} from './types.js';
import { KeyUpdate } from './update/key-update.js';
import type { KvUpdateFunction, KvUpdateOptions, KvUpdateResult } from './update/types.js';

/** The client's settings that single reads, `stream` and `update` need. */
export interface KvClientSettings {
  readonly clock: Clock;
  /** How long `stream` waits for a batch, and `update` for its end, by default. */
  readonly timeoutMs: number;
  /** Aborted when the client closes, with the error for pending reads as its reason. */
  readonly closing?: AbortSignal;
  /** Sends the reads of single keys; undefined if each is a request of its own. */
  readonly batcher?: ReadBatcher | undefined;
  /** The namespace's prefix, if the keys are in one. */
  readonly prefix?: Buffer;
}

export class KvClientImpl implements KvClient {
  readonly #calls: KvCalls;
  readonly #maxTxnOps: number;
  readonly #settings: KvClientSettings;
  readonly #support: RangeStreamSupport;

  constructor(
    calls: KvCalls,
    maxTxnOps: number,
    settings: KvClientSettings = { clock: systemClock, timeoutMs: 10_000 },
  ) {
    this.#calls = calls;
    this.#maxTxnOps = maxTxnOps;
    this.#settings = settings;
    this.#support = new RangeStreamSupport(settings.clock);
  }

  // Not async functions: each would add a promise to the one of its call.

  get(key: Bytes, options: GetOptions & CallOptions = noOptions): Promise<GetResult> {
    try {
      checkGet(options);
      const one = checkSingleKey(key, 'get()', '; for several keys use range()');
      const { batcher, prefix } = this.#settings;
      if (!batcher || !mayShareRequest(options))
        return this.#calls.range(rangeRequest(one, options), options, getResult);
      const bytes = toWireRange(one).key;
      return prefix
        ? batcher.get(namespaceKey(prefix, bytes), options, prefix.length)
        : batcher.get(bytes, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  range(range: Bytes | KeyRange, options: RangeOptions & CallOptions = noOptions): Promise<RangeResult> {
    try {
      checkRangeOptions(options);
      return this.#calls.range(rangeRequest(range, options), options, rangeResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  stream(range: Bytes | KeyRange, options: StreamOptions = noOptions): AsyncStream<RangeBatch> {
    checkStream(options);
    const { signal, timeoutMs = this.#settings.timeoutMs, pageSize } = options;
    const ports = {
      calls: this.#calls,
      clock: this.#settings.clock,
      support: this.#support,
      closing: this.#settings.closing,
    };
    const reader = new RangeReader(ports, rangeRequest(range, options), { signal, timeoutMs, pageSize });
    const batches = new CancellableIterator((left) => reader.batches(left));
    return new OneLoop(batches, () => secondLoopError('a stream', 'stream'));
  }

  put(
    key: Bytes,
    value: Bytes | undefined,
    options: PutOptions & WriteCallOptions = noOptions,
  ): Promise<PutResult> {
    try {
      checkPut(options);
      const request = putRequest(key, value, options);
      return this.#calls.put(request, idempotencyOf(options), options, putResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  delete(
    range: Bytes | KeyRange,
    options: DeleteOptions & WriteCallOptions = noOptions,
  ): Promise<DeleteResult> {
    try {
      checkDelete(options);
      const request = deleteRequest(range, options);
      return this.#calls.deleteRange(request, idempotencyOf(options), options, deleteResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  txn(txn: Txn, options: WriteCallOptions = noOptions): Promise<TxnResult> {
    try {
      checkTxnInput(txn);
      checkWriteCall(options);
      const request = txnRequest(txn, this.#maxTxnOps);
      const idempotency = isReadOnly(txn) ? 'read' : idempotencyOf(options);
      return this.#calls.txn(request, idempotency, options, txnResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async update(
    key: Bytes,
    update: KvUpdateFunction,
    options: KvUpdateOptions = noOptions,
  ): Promise<KvUpdateResult> {
    checkUpdate(options);
    callback(update, 'update');
    const { key: bytes } = toWireRange(checkSingleKey(key, 'update()'));
    const { clock, timeoutMs, closing = new AbortController().signal } = this.#settings;
    const ports = { kv: this, clock, random: Math.random, timeoutMs, closing };
    return new KeyUpdate(ports, Buffer.from(bytes), update, { ...options }).run();
  }

  async compact(revision: Revision, options: CompactOptions & CallOptions = noOptions): Promise<void> {
    checkCompact(options);
    await this.#calls.compact(
      { revision: checkInt64('revision', revision, 0n), physical: options.physical ?? false },
      options,
    );
  }
}

function idempotencyOf(options: WriteCallOptions): 'idempotent' | 'write' {
  return options.idempotent ? 'idempotent' : 'write';
}
