/** etcd's store counter: each transaction that changes something increments it. */
export type Revision = bigint;

/** A lease's id: positive when this client or etcd chose it, otherwise any number but 0, which means "no lease". */
export type LeaseId = bigint;

/** A stored key with its value (etcd's `mvccpb.KeyValue`). */
export interface KeyValue {
  /** The key's bytes; without the namespace's prefix when the client has a namespace. */
  readonly key: Buffer;
  /** The value's bytes; empty on a delete event. */
  readonly value: Buffer;
  /** The revision at which the key was last created; 0 on a delete event. */
  readonly createRevision: Revision;
  /** The revision of the key's last change. */
  readonly modRevision: Revision;
  /** The number of changes since creation: 1 for a new key, 0 on a delete event. */
  readonly version: bigint;
  /** The lease the key is attached to; 0 for none. */
  readonly lease: LeaseId;
}

/** A key's record at a revision; `kv` is undefined if the key was absent. */
export interface KeyState {
  readonly kv: KeyValue | undefined;
  readonly revision: Revision;
}

/** One change of one key. */
export interface WatchEvent {
  /** A key that expires with its lease is a `delete`. */
  readonly type: 'put' | 'delete';
  /** For a put, the new key-value; for a delete, only `key` and `modRevision` are set. */
  readonly kv: KeyValue;
  /** The key-value before this event: only with the option `prevKv`; absent for a new key and after a compaction. */
  readonly prevKv?: KeyValue;
}
