import type { Compare, Txn, TxnResult, WriteCallOptions } from '../kv/index.js';
import type { Bytes, LeaseId, Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

/** Options of `tryLock`. */
export interface TryLockOptions extends CallOptions {
  /**
   * The TTL of the lock's lease in seconds, default 15: how long the others wait after this process dies or is cut off.
   * The lock is lost when no renewal is acknowledged for that long, so choose it longer than a leader election (a few
   * seconds) and than the pauses of the process that must not cost it the lock. etcd raises it to its minimum, 2 s by
   * default.
   */
  readonly ttlSeconds?: number;
}

/** Options of `lock` and `withLock`. */
export interface LockOptions extends TryLockOptions {
  /** Ends the wait: the call rejects with the signal's reason, and the place in the queue is given up. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the lock, in milliseconds. Default `Infinity`: outages of etcd are waited out, as long as the
   * lease may live. The requests inside have the client's `timeoutMs`.
   */
  readonly timeoutMs?: number;
  /**
   * Whether to join the queue again, at its end, when the place is lost while waiting, because its lease ended or its
   * key was deleted. Default false: the call rejects with {@link LockLostError}.
   */
  readonly requeue?: boolean;
}

/**
 * A lock that this process acquired, with a lease and a key of its own. Disposing it releases it, and does not throw.
 *
 * etcd cannot guarantee mutual exclusion: a process that is paused does not learn that its lock was lost before it wakes.
 * What the lock protects must compare `token`, or be written through `txn()`.
 */
export interface Lock extends AsyncDisposable {
  /** The lock's name, as bytes. */
  readonly name: Buffer;
  /** The lock's key: the name, a slash, and the id of the lease in lower-case hexadecimal (Go's and `etcdctl`'s format). */
  readonly key: Buffer;
  /** The lock's lease. Keys attached to it are deleted with the lock. */
  readonly leaseId: LeaseId;
  /**
   * The fencing token: larger than that of every earlier holder of the lock. Hand it to whatever the lock protects, which
   * must refuse a token smaller than one it has seen. It is the store's revision at the acquisition, as `etcdctl`'s
   * `ETCD_LOCK_REV`; a store that is wiped or restored from a backup may repeat revisions.
   */
  readonly token: bigint;
  /**
   * The condition that the lock is still held, for transactions: the key exists with the revision that created it. That
   * of a lock of a namespace is for the namespace's `kv`.
   */
  readonly guard: Compare;
  /**
   * Whether the lock is surely held, as far as this process can know: read it immediately before acting. Reading it
   * reads the clock, so that it is right also in the first statement after a pause of the process. A key that a client
   * deletes is noticed only when the watch reports it: `guard` alone covers the time until then.
   */
  readonly held: boolean;
  /**
   * Aborted when the lock ends, no later than `held` is false: with a {@link LockLostError} if it was lost, with a
   * {@link ClosedError} if it was released.
   */
  readonly signal: AbortSignal;
  /**
   * Runs a transaction that is applied only while the lock is held: nested in one whose condition is `guard`. The result
   * is that of the given transaction, which may have one operation less than etcd permits: the condition counts as one.
   * @throws {LockLostError} if the lock is lost, and the transaction not applied (with `idempotent`, an attempt whose
   *   answer was lost may have been applied before the loss); {ClosedError} if it was released; otherwise the errors of
   *   `kv.txn`.
   */
  txn(txn: Txn, options?: WriteCallOptions): Promise<TxnResult>;
  /**
   * Releases the lock: deletes its key, if that is still the one this process created, and revokes its lease. Resolves
   * when etcd has answered both. `held` is false at once. Idempotent; does nothing if the lock is lost.
   * @throws the error of etcd if both failed: the key then exists until the lease expires, which is not renewed
   *   any more.
   */
  release(options?: CallOptions): Promise<void>;
}

/** A key in the queue of a lock or an election. */
export interface LockQueueEntry {
  /** The position in the queue: 0 for the holder. */
  readonly position: number;
  /** The lease that the key is attached to; undefined if there is none, so that the key stays until it is deleted. */
  readonly leaseId: LeaseId | undefined;
  /** The key. */
  readonly key: Buffer;
  /** The revision that created the key, which determines the position. */
  readonly createRevision: Revision;
  /** The key's value: empty for a lock, the proposal for an election. */
  readonly value: Buffer;
}

/** The queue of a lock at one revision. */
export interface LockQueue {
  /** The holder; undefined if the lock is free. */
  readonly holder: LockQueueEntry | undefined;
  /** The waiters, in the order in which they get the lock. */
  readonly waiters: readonly LockQueueEntry[];
  /** The store's revision at the time of the read. */
  readonly revision: Revision;
}

/** Acquires locks. {@link EtcdClient} and {@link EtcdNamespace} have these methods. */
export interface LockClient {
  lock(name: Bytes, options?: LockOptions): Promise<Lock>;
  tryLock(name: Bytes, options?: TryLockOptions): Promise<Lock | undefined>;
  withLock<T>(name: Bytes, fn: (lock: Lock) => T | Promise<T>, options?: LockOptions): Promise<T>;
  lockQueue(name: Bytes, options?: CallOptions): Promise<LockQueue>;
}
