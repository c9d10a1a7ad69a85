import { type Bytes, checkInt64, type KeyRange, type Revision } from '../model/index.js';
import type { CallOptions, KvCalls } from '../wire/index.js';
import { deleteRequest, putRequest, rangeRequest } from './requests.js';
import { deleteResult, putResult, rangeResult, txnResult } from './results.js';
import { isReadOnly, type Txn, txnRequest } from './txn.js';
import type {
  DeleteOptions,
  DeleteResult,
  GetResult,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  TxnResult,
  WriteCallOptions,
} from './types.js';

/**
 * etcd's KV service. Keys and values go in as strings (UTF-8) or bytes and come out as Buffers.
 * Every method throws EtcdError or a subclass by what etcd answered, InvalidInputError before anything is sent,
 * AmbiguousWriteError for a write whose answer was lost, DeadlineError, or the signal's own reason.
 */
export class KvClient {
  readonly #calls: KvCalls;
  readonly #maxTxnOps: number;

  constructor(calls: KvCalls, maxTxnOps: number) {
    this.#calls = calls;
    this.#maxTxnOps = maxTxnOps;
  }

  /** Reads one key; linearizable unless `serializable`. */
  async get(
    key: Bytes,
    options: Omit<RangeOptions, 'limit' | 'sort'> & CallOptions = {},
  ): Promise<GetResult> {
    const { kvs, revision } = rangeResult(await this.#calls.range(rangeRequest({ key }, options), options));
    return { kv: kvs[0], revision };
  }

  /** Reads the keys of a range, by key ascending unless sorted otherwise. */
  async range(range: Bytes | KeyRange, options: RangeOptions & CallOptions = {}): Promise<RangeResult> {
    return rangeResult(await this.#calls.range(rangeRequest(range, options), options));
  }

  async put(key: Bytes, value: Bytes, options: PutOptions & WriteCallOptions = {}): Promise<PutResult> {
    return putResult(await this.#calls.put(putRequest(key, value, options), safetyOf(options), options));
  }

  /** Deletes a key or a range of keys in one revision. */
  async delete(
    range: Bytes | KeyRange,
    options: DeleteOptions & WriteCallOptions = {},
  ): Promise<DeleteResult> {
    return deleteResult(
      await this.#calls.deleteRange(deleteRequest(range, options), safetyOf(options), options),
    );
  }

  /** Runs a transaction. One that writes nothing is sent again like a read when its answer is lost. */
  async txn(txn: Txn, options: WriteCallOptions = {}): Promise<TxnResult> {
    const safety = isReadOnly(txn) ? 'read' : safetyOf(options);
    return txnResult(await this.#calls.txn(txnRequest(txn, this.#maxTxnOps), safety, options));
  }

  /**
   * Forgets history before the revision. Watches and reads that still need it end with CompactedError.
   * @throws {CompactedError} when that history is gone already.
   */
  async compact(
    revision: Revision,
    options: { readonly physical?: boolean } & CallOptions = {},
  ): Promise<void> {
    await this.#calls.compact(
      { revision: checkInt64('revision', revision, 0n), physical: options.physical ?? false },
      options,
    );
  }
}

function safetyOf(options: WriteCallOptions): 'idempotent' | 'write' {
  return options.idempotent ? 'idempotent' : 'write';
}
