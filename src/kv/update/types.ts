import type { Bytes, KeyValue, LeaseId, Revision } from '../../model/index.js';
import type { WriteCallOptions } from '../types.js';

/**
 * The function of `kv.update`. Receives the stored key-value, undefined if the key does not exist, and returns the
 * value to write, `null` to delete the key, or `undefined` to leave it as it is. It is called again with the new
 * key-value when another client wrote the key meanwhile, so it should have no other effects.
 */
export type KvUpdateFunction = (
  kv: KeyValue | undefined,
) => Bytes | null | undefined | Promise<Bytes | null | undefined>;

/** Options of `update`. `timeoutMs` is the limit of the whole call, with the time that the function takes. */
export interface KvUpdateOptions extends WriteCallOptions {
  /**
   * Attach the key to this lease; `0n` detaches it. Default: an existing key keeps its lease, and a new one has none.
   */
  readonly lease?: LeaseId;
  /**
   * How many transactions are sent at most. Default 30: a hundred concurrent callers that increment one counter needed
   * at most 15, and 26 on an overloaded machine. The pauses between 30 take about as long as the default `timeoutMs`.
   */
  readonly maxAttempts?: number;
  /**
   * Declares that it does no harm if the function's change is applied twice, because it adds nothing to the first one, or
   * because the function recognises its own write in the value and then returns `undefined`. If it cannot be determined
   * whether a write was applied, the function is then called again, instead of throwing AmbiguousWriteError. Default
   * false.
   */
  readonly idempotent?: boolean;
}

/** The result of `update`. */
export interface KvUpdateResult {
  /** What was done: the value was written, the key deleted, or nothing changed. */
  readonly type: 'put' | 'delete' | 'unchanged';
  /** The key-value after the update; undefined if the key does not exist. */
  readonly kv: KeyValue | undefined;
  /** The key-value that the function received the last time; undefined if the key did not exist. */
  readonly prevKv: KeyValue | undefined;
  /** The revision of the write; with `unchanged`, the store's revision at the time of the read. */
  readonly revision: Revision;
  /** The number of transactions that were sent: 1 if no other client wrote the key meanwhile, 0 with `unchanged` at once. */
  readonly attempts: number;
}
