import type { KeyValue, LeaseId, Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

export interface RangeOptions {
  /** At most so many keys; 0, the default, is all of them. `more` tells whether the limit cut the answer. */
  readonly limit?: number | bigint;
  /** Read the store as it was at this revision. Default 0: as it is now. */
  readonly revision?: Revision;
  /** Answer from the member's own state, which may be stale, instead of agreeing with the leader. Default false. */
  readonly serializable?: boolean;
  /** Leave the values out. Default false. */
  readonly keysOnly?: boolean;
  /** Only count. Default false. */
  readonly countOnly?: boolean;
  /** Default: by key, ascending, which costs the server nothing. */
  readonly sort?: {
    readonly by: 'key' | 'version' | 'create' | 'mod' | 'value';
    readonly order: 'ascend' | 'descend';
  };
}

export interface PutOptions {
  /** Attach the key to this lease. A put without one detaches the key from the lease it had. */
  readonly lease?: LeaseId;
  /** Return the key-value that was replaced. Default false. */
  readonly prevKv?: boolean;
}

export interface DeleteOptions {
  /** Return what was deleted. Default false. */
  readonly prevKv?: boolean;
}

export interface WriteCallOptions extends CallOptions {
  /** A second application does no harm: send again when an answer is lost, instead of throwing AmbiguousWriteError. Default false. */
  readonly idempotent?: boolean;
}

export interface GetResult {
  /** Undefined when there is no such key. */
  readonly kv: KeyValue | undefined;
  /** The store's revision at the time of the read. */
  readonly revision: Revision;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  /** Whether `limit` cut the answer. */
  readonly more: boolean;
  /** Keys in the range, regardless of `limit`. */
  readonly count: bigint;
  readonly revision: Revision;
}

export interface PutResult {
  /** The revision of this write. */
  readonly revision: Revision;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteResult {
  /** How many keys were deleted; with none, the store's revision does not move. */
  readonly deleted: bigint;
  readonly prevKvs: readonly KeyValue[];
  readonly revision: Revision;
}

/** One operation's answer, in the order of the operations. Revisions inside a transaction are the transaction's. */
export type OpResult =
  | ({ readonly type: 'put' } & PutResult)
  | ({ readonly type: 'range' } & RangeResult)
  | ({ readonly type: 'delete' } & DeleteResult)
  | ({ readonly type: 'txn' } & TxnResult);

export interface TxnResult {
  /** Whether every compare held, so that the `success` branch ran. */
  readonly succeeded: boolean;
  readonly results: readonly OpResult[];
  readonly revision: Revision;
}
