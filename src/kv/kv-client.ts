import type { AsyncStream } from '../async/index.js';
import type { Bytes, KeyRange, Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { Txn } from './txn/txn.js';
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
import type { KvUpdateFunction, KvUpdateOptions, KvUpdateResult } from './update/types.js';

/**
 * etcd's KV service. Keys and values are passed as strings (UTF-8) or bytes and returned as Buffers.
 *
 * Every method throws {InvalidInputError} before anything is sent, {EtcdError} or the subclass for etcd's error,
 * {AmbiguousWriteError} if a write may have been applied, {DeadlineError}, {ClosedError} after the client's `close()`,
 * or the signal's own reason.
 */
export interface KvClient {
  /**
   * Reads one key. Linearizable unless `serializable` is set.
   * @example
   * ```ts
   * const { kv, revision } = await client.kv.get('greeting');
   * console.log(kv?.value.toString() ?? 'absent', `at revision ${revision}`);
   * ```
   */
  get(key: Bytes, options?: GetOptions & CallOptions): Promise<GetResult>;
  /**
   * Reads the keys of a range in one response, by key ascending unless `sort` is set. For large ranges use `stream`.
   * @example
   * ```ts
   * const { kvs, count } = await client.kv.range({ prefix: 'jobs/' }, { limit: 100 });
   * console.log(`${kvs.length} of ${count}`);
   * ```
   */
  range(range: Bytes | KeyRange, options?: RangeOptions & CallOptions): Promise<RangeResult>;
  /**
   * Reads any number of keys at one revision, in batches of about a megabyte, by key ascending:
   *
   *     for await (const { kvs, revision } of client.kv.stream({ prefix: 'foo/' })) { … }
   *
   * It yields batches, because a promise per key would cost more than reading it. The first batch is yielded even if
   * the range is empty, so that the revision is known. Memory is bounded: at most one further batch is read ahead. Uses
   * etcd's RangeStream if the server has it (3.7), otherwise pages; an interrupted read continues on another member.
   * Can be iterated once; leaving the loop cancels the read on the server.
   *
   * The iteration throws after all received batches were yielded: {CompactedError} if the revision was compacted in the
   * meantime, {StoreReplacedError} if the store was replaced, {DeadlineError} if no batch arrived within `timeoutMs`,
   * {ClosedError} after the client's `close()`, the signal's own reason, or the errors of `range`.
   * @throws {InvalidInputError} immediately.
   * @example
   * ```ts
   * let bytes = 0;
   * for await (const { kvs } of client.kv.stream({ prefix: 'jobs/' })) {
   *   for (const { value } of kvs) bytes += value.length;
   * }
   * ```
   */
  stream(range: Bytes | KeyRange, options?: StreamOptions): AsyncStream<RangeBatch>;
  /**
   * Writes a key. The value may be undefined only with `ignoreValue`.
   * @example
   * ```ts
   * const lease = await client.lease.grant({ ttlSeconds: 60 });
   * const { revision } = await client.kv.put('session/1', 'alice', { lease: lease.id });
   * ```
   */
  put(key: Bytes, value: Bytes | undefined, options?: PutOptions & WriteCallOptions): Promise<PutResult>;
  /**
   * Deletes a key or a range of keys in one revision.
   * @example
   * ```ts
   * const { deleted } = await client.kv.delete({ prefix: 'jobs/done/' });
   * ```
   */
  delete(range: Bytes | KeyRange, options?: DeleteOptions & WriteCallOptions): Promise<DeleteResult>;
  /**
   * Runs a transaction. A transaction without writes is retried like a read when its response is lost.
   * @example
   * ```ts
   * const { kv } = await client.kv.get('counter');
   * const { succeeded } = await client.kv.txn({
   *   compare: [compare.modRevision('counter', '=', kv?.modRevision ?? 0n)], // 0: the key is absent
   *   success: [op.put('counter', String(Number(kv?.value ?? 0) + 1))],
   * });
   * if (!succeeded) console.log('another client wrote first');
   * ```
   */
  txn(txn: Txn, options?: WriteCallOptions): Promise<TxnResult>;
  /**
   * Changes a key by what is stored in it: reads the key, calls `update` with its key-value, and writes what that returns
   * in a transaction that compares the modification revision (0 for a missing key). If another client wrote the key
   * meanwhile, it starts again with the new key-value, at most `maxAttempts` times, after pauses with full jitter that
   * grow to a second. What `update` returns replaces the value, `null` deletes the key, and `undefined` leaves it; see
   * {@link KvUpdateFunction}. For several keys at once, use `txn`.
   *
   * A lost answer is safe to follow by the same transaction, because its comparison holds for one of the two at most. If
   * the key has not changed, that transaction succeeds. If it has, either the lost write or another client wrote it, and
   * etcd does not say who. If exactly one other write is proven to be in between (the version is one higher, the value or
   * the lease another), the loop continues; otherwise the call throws AmbiguousWriteError, or with `idempotent` calls
   * `update` again.
   * @throws {ContentionError} after `maxAttempts` transactions; whatever `update` throws; the errors of `get` and `txn`.
   * @example
   * ```ts
   * const { kv } = await client.kv.update('counter', (kv) => String((decode.number(kv) ?? 0) + 1));
   * console.log(decode.number(kv));
   * ```
   */
  update(key: Bytes, update: KvUpdateFunction, options?: KvUpdateOptions): Promise<KvUpdateResult>;
  /**
   * Discards the history before a revision. Watches and reads that still need it end with CompactedError.
   * @throws {CompactedError} if a revision at or above this one was already compacted.
   */
  compact(revision: Revision, options?: CompactOptions & CallOptions): Promise<void>;
}
