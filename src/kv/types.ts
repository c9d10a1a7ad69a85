import type { KeyValue, LeaseId, Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

/** Options of `range`, and of a range in a transaction. */
export interface RangeOptions {
  /**
   * The largest number of keys to return. Default 0: no limit. `more` in the result says whether keys were left out.
   */
  readonly limit?: number | bigint;
  /** Read the store as of this revision. Default 0: the current revision. */
  readonly revision?: Revision;
  /**
   * Let the member answer from its own state, which may be stale, without asking the leader. Default false: the read is
   * linearizable.
   */
  readonly serializable?: boolean;
  /** Leave the values out. Default false. etcd 3.7 and later leave out the leases too: `lease` is then 0. */
  readonly keysOnly?: boolean;
  /**
   * Return only the number of keys. Default false. Excludes `limit` and the revision filters, because etcd ignores them
   * in a count.
   */
  readonly countOnly?: boolean;
  /**
   * Only keys last written at this revision or later. Default 0: no bound. The revision filters are inclusive and are
   * combined with "and". They do not affect `count`, and the server reads the whole range for them regardless of
   * `limit`.
   */
  readonly minModRevision?: Revision;
  /** Only keys last written at this revision or earlier. Default 0: no bound. */
  readonly maxModRevision?: Revision;
  /** Only keys created at this revision or later. Default 0: no bound. */
  readonly minCreateRevision?: Revision;
  /** Only keys created at this revision or earlier. Default 0: no bound. */
  readonly maxCreateRevision?: Revision;
  /**
   * The order of the keys. Default: by key, ascending, which is the order of the store and costs the server nothing.
   */
  readonly sort?: {
    /** The field to sort by: `create` and `mod` are the revisions that created and last changed the key. */
    readonly by: 'key' | 'version' | 'create' | 'mod' | 'value';
    /** The direction. */
    readonly order: 'ascend' | 'descend';
  };
}

/** Options of `get`: those of `range` that make sense for one key. */
export type GetOptions = Omit<RangeOptions, 'limit' | 'sort' | 'countOnly'>;

/**
 * Options of `stream`, which reads all keys by key ascending: it has no `limit` (leave the loop instead), no `sort` and
 * no `countOnly`. `timeoutMs` is the deadline of each batch, not of the whole read.
 */
export type StreamOptions = Omit<RangeOptions, 'limit' | 'sort' | 'countOnly'> &
  CallOptions & {
    /**
     * The number of keys to request first; later pages are sized by bytes. Default 16, because the size of the values
     * is not known yet.
     */
    readonly pageSize?: number;
  };

/** Options of `put`, and of a put in a transaction. */
export interface PutOptions {
  /** Attach the key to this lease. Default: none; a put without a lease detaches the key from its previous lease. */
  readonly lease?: LeaseId;
  /** Return the key-value that was replaced. Default false. */
  readonly prevKv?: boolean;
  /**
   * Keep the key's value and change only its lease and revision. The given value must be undefined or empty. etcd
   * answers "key not found" if the key does not exist. Default false.
   */
  readonly ignoreValue?: boolean;
  /** Keep the key's lease; excludes `lease`. etcd answers "key not found" if the key does not exist. Default false. */
  readonly ignoreLease?: boolean;
}

/** Options of `delete`, and of a delete in a transaction. */
export interface DeleteOptions {
  /** Return the deleted key-values. Default false. */
  readonly prevKv?: boolean;
}

/** Options of `compact`. */
export interface CompactOptions {
  /** Return only after the compaction was carried out on disk. Default false. */
  readonly physical?: boolean;
}

/** Options of a call that writes. */
export interface WriteCallOptions extends CallOptions {
  /**
   * Declares that applying the write twice does no harm: if its response is lost it is sent again, instead of throwing
   * AmbiguousWriteError. Default false.
   */
  readonly idempotent?: boolean;
}

/** The result of `get`. */
export interface GetResult {
  /** Undefined if the key does not exist. */
  readonly kv: KeyValue | undefined;
  /** The store's revision at the time of the read. */
  readonly revision: Revision;
}

/** The result of `range`. */
export interface RangeResult {
  /** The key-values, in the requested order. Empty with `countOnly`. */
  readonly kvs: readonly KeyValue[];
  /** Whether `limit` left keys out. */
  readonly more: boolean;
  /** The number of keys in the range, regardless of `limit` and of the revision filters. */
  readonly count: bigint;
  /** The store's revision at the time of the read. */
  readonly revision: Revision;
}

/** A batch of `stream`. */
export interface RangeBatch {
  /** The next keys, by key ascending. Empty only if the whole range is empty. */
  readonly kvs: readonly KeyValue[];
  /** The revision of all batches of the read. A watch from `revision + 1n` misses nothing. */
  readonly revision: Revision;
}

/** The result of `put`. */
export interface PutResult {
  /** The revision of this write. */
  readonly revision: Revision;
  /** The replaced key-value, if `prevKv` was set and the key existed. */
  readonly prevKv: KeyValue | undefined;
}

/** The result of `delete`. */
export interface DeleteResult {
  /** The number of deleted keys. */
  readonly deleted: bigint;
  /** The deleted key-values, if `prevKv` was set; otherwise empty. */
  readonly prevKvs: readonly KeyValue[];
  /** The revision of this write; the current revision if no key was deleted. */
  readonly revision: Revision;
}

/** The result of one operation of a transaction. Its revision is the transaction's. */
export type OpResult =
  | ({
      /** Of `op.put()`. */
      readonly type: 'put';
    } & PutResult)
  | ({
      /** Of `op.get()` and `op.range()`. */
      readonly type: 'range';
    } & RangeResult)
  | ({
      /** Of `op.delete()`. */
      readonly type: 'delete';
    } & DeleteResult)
  | ({
      /** Of `op.txn()`. */
      readonly type: 'txn';
    } & TxnResult);

/** The result of a transaction. */
export interface TxnResult {
  /** Whether every compare held, so that `success` ran. */
  readonly succeeded: boolean;
  /** The results of the branch that ran, in the order of its operations. */
  readonly results: readonly OpResult[];
  /** The revision of the transaction's writes; the current revision if it wrote nothing. */
  readonly revision: Revision;
}
