import { CancellableIterator, type Clock, systemClock } from '../async/index.js';
import { type Bytes, checkInt64, type KeyRange, noOptions, type Revision, withJson } from '../model/index.js';
import type { CallOptions, KvCalls, RangeRequest } from '../wire/index.js';
import { checkRange, checkTxn } from './answer-check.js';
import {
  checkCompact,
  checkDelete,
  checkGet,
  checkPut,
  checkRangeOptions,
  checkStream,
  checkTxnInput,
  checkWriteCall,
} from './options.js';
import { RangeReader } from './range-reader.js';
import { RangeStreamSupport } from './range-stream-support.js';
import { deleteRequest, oneKey, putRequest, rangeRequest } from './requests.js';
import { deleteResult, putResult, rangeResult, txnResult } from './results.js';
import { isReadOnly, type Txn } from './txn.js';
import { txnRequest } from './txn-request.js';
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

/** What a stream waits by. */
export interface KvTimes {
  readonly clock: Clock;
  /** How long a stream waits for a batch, unless told otherwise. */
  readonly timeoutMs: number;
  /** Aborted, with the reason for those that wait, when the client closes. */
  readonly closing?: AbortSignal;
}

/**
 * etcd's KV service. Keys and values go in as strings (UTF-8) or bytes and come out as Buffers.
 * Every method throws EtcdError or a subclass by what etcd answered, InvalidInputError before anything is sent,
 * AmbiguousWriteError for a write whose answer was lost, DeadlineError, or the signal's own reason.
 */
export class KvClient {
  readonly #calls: KvCalls;
  readonly #maxTxnOps: number;
  readonly #times: KvTimes;
  readonly #support: RangeStreamSupport;

  constructor(calls: KvCalls, maxTxnOps: number, times: KvTimes = { clock: systemClock, timeoutMs: 10_000 }) {
    this.#calls = calls;
    this.#maxTxnOps = maxTxnOps;
    this.#times = times;
    this.#support = new RangeStreamSupport(times.clock);
  }

  /** Reads one key; linearizable unless `serializable`. */
  async get(key: Bytes, options: GetOptions & CallOptions = noOptions): Promise<GetResult> {
    checkGet(options);
    const one = oneKey(key, 'get()', '; for several use range()');
    const { kvs, revision } = await this.#range(rangeRequest(one, options), options);
    return withJson({ kv: kvs[0], revision });
  }

  /** Reads the keys of a range, by key ascending unless sorted otherwise. */
  async range(
    range: Bytes | KeyRange,
    options: RangeOptions & CallOptions = noOptions,
  ): Promise<RangeResult> {
    checkRangeOptions(options);
    return this.#range(rangeRequest(range, options), options);
  }

  /**
   * Reads any number of keys at one revision, in batches of about a megabyte, by key ascending:
   *
   *     for await (const { kvs, revision } of client.kv.stream({ prefix: 'foo/' })) { … }
   *
   * Batches and not single keys, since a promise for each of 100,000 keys costs more than reading them. The first tells
   * the revision, also of an empty range. Memory is bounded: the next batch is asked for when the reader takes this one,
   * with one more waiting at most. Goes by etcd's RangeStream where the server has it (3.7), else by pages, and on from
   * where it was cut, on another member if need be. Can be iterated once; leaving the loop cancels on the server.
   *
   * The iteration throws, after everything received was handed over: {CompactedError} when the revision was compacted
   * meanwhile, {StoreReplacedError} when another store answers than the one that did before, {DeadlineError} when no batch came within `timeoutMs`, what `range` throws, {ClosedError} after the
   * client's close(), or the signal's own reason.
   * @throws {InvalidInputError} at once.
   */
  stream(
    range: Bytes | KeyRange,
    options: StreamOptions = noOptions,
  ): AsyncIterableIterator<RangeBatch, undefined> {
    checkStream(options);
    const { signal, timeoutMs = this.#times.timeoutMs, pageSize } = options;
    const ports = {
      calls: this.#calls,
      clock: this.#times.clock,
      support: this.#support,
      closing: this.#times.closing,
    };
    const reader = new RangeReader(ports, rangeRequest(range, options), { signal, timeoutMs, pageSize });
    return new CancellableIterator((leaving) => reader.batches(leaving));
  }

  /** The value may be undefined only with `ignoreValue`. */
  async put(
    key: Bytes,
    value: Bytes | undefined,
    options: PutOptions & WriteCallOptions = noOptions,
  ): Promise<PutResult> {
    checkPut(options);
    return putResult(await this.#calls.put(putRequest(key, value, options), safetyOf(options), options));
  }

  /** Deletes a key or a range of keys in one revision. */
  async delete(
    range: Bytes | KeyRange,
    options: DeleteOptions & WriteCallOptions = noOptions,
  ): Promise<DeleteResult> {
    checkDelete(options);
    return deleteResult(
      await this.#calls.deleteRange(deleteRequest(range, options), safetyOf(options), options),
    );
  }

  /** Runs a transaction. One that writes nothing is sent again like a read when its answer is lost. */
  async txn(txn: Txn, options: WriteCallOptions = noOptions): Promise<TxnResult> {
    checkTxnInput(txn);
    checkWriteCall(options);
    const request = txnRequest(txn, this.#maxTxnOps);
    const safety = isReadOnly(txn) ? 'read' : safetyOf(options);
    const response = await this.#calls.txn(request, safety, options);
    checkTxn(request, response);
    return txnResult(response);
  }

  /**
   * Forgets history before the revision. Watches and reads that still need it end with CompactedError.
   * @throws {CompactedError} when that history is gone already.
   */
  async compact(revision: Revision, options: CompactOptions & CallOptions = noOptions): Promise<void> {
    checkCompact(options);
    await this.#calls.compact(
      { revision: checkInt64('revision', revision, 0n), physical: options.physical ?? false },
      options,
    );
  }

  async #range(request: RangeRequest, options: CallOptions): Promise<RangeResult> {
    const response = await this.#calls.range(request, options);
    checkRange(request, response);
    return rangeResult(response);
  }
}

function safetyOf(options: WriteCallOptions): 'idempotent' | 'write' {
  return options.idempotent ? 'idempotent' : 'write';
}
