/** etcd's store counter: one tick for each transaction that changed something. */
export type Revision = bigint;

/** A lease's id: positive where this client or etcd chose it, else any but 0, which stands for no lease. */
export type LeaseId = bigint;

/** A key as stored (etcd's `mvccpb.KeyValue`). */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  /** The revision at which the key was last created; 0 on a delete event. */
  readonly createRevision: Revision;
  /** The revision of the key's last change. */
  readonly modRevision: Revision;
  /** Changes since creation: 1 for a new key, 0 on a delete event. */
  readonly version: bigint;
  /** The lease the key is attached to; 0 for none. */
  readonly lease: LeaseId;
}

/** One change of one key. */
export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** After a put the key-value; after a delete only `key` and `modRevision` are set. */
  readonly kv: KeyValue;
  /** The key-value before this event: only with `prevKv`, and absent for a new key or when already compacted. */
  readonly prevKv?: KeyValue;
}
