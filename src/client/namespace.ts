import type { ElectionClient } from '../election/index.js';
import type { KvClient } from '../kv/index.js';
import type { LeaseClient } from '../lease/index.js';
import type { Lock, LockOptions, LockQueue, TryLockOptions } from '../lock/index.js';
import type { Mirror, MirrorOptions } from '../mirror/index.js';
import type { Bytes, KeyRange } from '../model/index.js';
import type { Watcher, WatchOptions } from '../watch/index.js';
import type { CallOptions } from '../wire/index.js';

/**
 * A view of a client in which every key has a prefix: it is added to every key of a request and removed from every key
 * of a response. No range, watch or transaction reaches outside the prefix. Revisions, leases and compaction are those
 * of the store. A namespace uses the client's connections and streams, and closes with the client.
 */
export interface EtcdNamespace {
  /** The prefix, including those of the enclosing namespaces. */
  readonly prefix: Buffer;
  /** Reads and writes keys of the namespace. */
  readonly kv: KvClient;
  /** The client's leases. `timeToLive` lists only the attached keys that are in the namespace. */
  readonly lease: LeaseClient;
  /** Elections whose names are in the namespace. */
  readonly election: ElectionClient;
  /** Whether the client is closed. */
  readonly closed: boolean;
  /** The client's default deadline of a call, in milliseconds. */
  readonly timeoutMs: number;
  /** Watches a key or a range of keys in the namespace, as {@link EtcdClient.watch} does. */
  watch(range: Bytes | KeyRange, options?: WatchOptions): Watcher;
  /** Keeps a copy of a key or a range of the namespace in memory, as {@link EtcdClient.mirror} does. */
  mirror(range: Bytes | KeyRange, options?: MirrorOptions): Mirror;
  /** Waits for a lock whose name is in the namespace, as {@link EtcdClient.lock} does. */
  lock(name: Bytes, options?: LockOptions): Promise<Lock>;
  /** Acquires a lock if it is free, as {@link EtcdClient.tryLock} does. */
  tryLock(name: Bytes, options?: TryLockOptions): Promise<Lock | undefined>;
  /** Calls a function while a lock is held, as {@link EtcdClient.withLock} does. */
  withLock<T>(name: Bytes, fn: (lock: Lock) => T | Promise<T>, options?: LockOptions): Promise<T>;
  /** Reads the queue of a lock, as {@link EtcdClient.lockQueue} does. */
  lockQueue(name: Bytes, options?: CallOptions): Promise<LockQueue>;
  /** Returns a namespace inside this one. @throws {InvalidInputError} for an empty prefix. */
  namespace(prefix: Bytes): EtcdNamespace;
  /** Calls `callback` once when the client closes, as {@link EtcdClient.onClose} does. */
  onClose(callback: () => void): () => void;
}
