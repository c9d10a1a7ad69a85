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
  /**
   * Only count, without keys. Default false. Not together with `limit` or a revision filter, which etcd leaves out of
   * account in a count.
   */
  readonly countOnly?: boolean;
  /**
   * Only keys whose last change is at this revision or later; 0, the default, is no bound. The filters are inclusive,
   * all that are given must hold, `count` does not heed them, and the server reads the whole range for them, whatever
   * `limit` says.
   */
  readonly minModRevision?: Revision;
  /** Only keys whose last change is at this revision or before. */
  readonly maxModRevision?: Revision;
  /** Only keys created at this revision or later. */
  readonly minCreateRevision?: Revision;
  /** Only keys created at this revision or before. */
  readonly maxCreateRevision?: Revision;
  /** Default: by key, ascending, which costs the server nothing. */
  readonly sort?: {
    readonly by: 'key' | 'version' | 'create' | 'mod' | 'value';
    readonly order: 'ascend' | 'descend';
  };
}

/** What `get` takes: one key is neither cut, sorted nor counted. */
export type GetOptions = Omit<RangeOptions, 'limit' | 'sort' | 'countOnly'>;

/**
 * What `stream` takes: it gives all keys, by key ascending, so it has no `limit` (leave the loop instead), no `sort`
 * and no `countOnly`. `timeoutMs` is for each wait for the next batch, not for the whole.
 */
export type StreamOptions = Omit<RangeOptions, 'limit' | 'sort' | 'countOnly'> &
  CallOptions & {
    /** How many keys the first answer may have; what follows is sized by bytes. Default 16: their size is not known yet. */
    readonly pageSize?: number;
  };

export interface PutOptions {
  /** Attach the key to this lease. A put without one detaches the key from the lease it had. */
  readonly lease?: LeaseId;
  /** Return the key-value that was replaced. Default false. */
  readonly prevKv?: boolean;
  /**
   * Leave the key's value as it is, so that only its lease and revision change; the value given must be undefined or
   * empty. etcd answers "key not found" where there is no such key. Default false.
   */
  readonly ignoreValue?: boolean;
  /** Leave the key's lease as it is; not together with `lease`. etcd answers "key not found" alike. Default false. */
  readonly ignoreLease?: boolean;
}

export interface DeleteOptions {
  /** Return what was deleted. Default false. */
  readonly prevKv?: boolean;
}

export interface CompactOptions {
  /** Answer only once the compaction has been carried out on disk. Default false. */
  readonly physical?: boolean;
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
  /** Keys in the range, regardless of `limit` and of revision filters. */
  readonly count: bigint;
  readonly revision: Revision;
}

/** A piece of what `stream` reads. */
export interface RangeBatch {
  /** By key ascending, following the batch before. Empty only when the whole range is. */
  readonly kvs: readonly KeyValue[];
  /** The one revision at which all batches were read: a watch from the next one on misses nothing. */
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
