import type { Compare, Txn, TxnResult, WriteCallOptions } from '../kv/index.js';
import type { Bytes, LeaseId, Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

/** The leader of an election: the candidate whose key is the oldest under `<name>/`. */
export interface Leader {
  /** The candidate's key, `<name>/<lease id in lower-case hex>`. */
  readonly key: Buffer;
  /** What the leader proclaimed last; first the value of its campaign. */
  readonly value: Buffer;
  /** The lease that keeps the key; undefined for a key without a lease, which no campaign creates. */
  readonly leaseId: LeaseId | undefined;
  /** The revision at which the candidate entered the election: Go's `Election.Rev()`. It identifies the term. */
  readonly createRevision: Revision;
  /** The revision of the last proclamation. */
  readonly modRevision: Revision;
}

/** Options of `campaign`. */
export interface CampaignOptions {
  /**
   * The TTL of each candidate's lease in seconds, default 15: how long there may be no leader after this process dies or
   * is cut off. A term is lost when no renewal is acknowledged for that long, so choose it longer than a leader election
   * of etcd (a few seconds) and than the pauses of the process that must not cost it the term. etcd raises it to its
   * minimum, 2 s by default.
   */
  readonly ttlSeconds?: number;
  /** Ends the campaign: the current term is resigned at once, and the iteration rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A term as the leader of an election, with a lease and a key of its own. Disposing it resigns, and does not throw.
 *
 * etcd cannot guarantee that there is only one leader at a time: a process that is paused does not learn that its term
 * was lost before it wakes. What the leader changes must compare `token`, or be written through `txn()`.
 */
export interface Term extends AsyncDisposable {
  /** The election's name, as bytes. */
  readonly name: Buffer;
  /** The candidate's key: the name, a slash, and the id of the lease in lower-case hexadecimal. */
  readonly key: Buffer;
  /** The candidate's lease. Keys attached to it are deleted when the term ends. */
  readonly leaseId: LeaseId;
  /**
   * The fencing token: larger than that of every earlier leader. Hand it to whatever the leader changes, which must
   * refuse a token smaller than one it has seen. It is the store's revision when the term began; a store that is wiped or
   * restored from a backup may repeat revisions.
   */
  readonly token: bigint;
  /**
   * The condition that the term lasts, for transactions: the key exists with the revision that created it, which a
   * proclamation does not change. That of a namespace's term is for the namespace's `kv`.
   */
  readonly guard: Compare;
  /**
   * Whether this process surely leads, as far as it can know: read it immediately before acting. Reading it reads the
   * clock, so that it is right also in the first statement after a pause of the process. A key that a client deletes is
   * noticed only when the watch reports it: `guard` alone covers the time until then.
   */
  readonly held: boolean;
  /**
   * Aborted when the term ends, no later than `held` is false: with a {@link LockLostError} if it was lost, with a
   * {@link ClosedError} if it was resigned.
   */
  readonly signal: AbortSignal;
  /**
   * Runs a transaction that is applied only while the term lasts: nested in one whose condition is `guard`. The result
   * is that of the given transaction, which may have one operation less than etcd permits: the condition counts as one.
   * @throws {LockLostError} if the term is lost, and the transaction not applied (with `idempotent`, an attempt whose
   *   answer was lost may have been applied before the loss); {ClosedError} if it was resigned; otherwise the errors of
   *   `kv.txn`.
   */
  txn(txn: Txn, options?: WriteCallOptions): Promise<TxnResult>;
  /**
   * Replaces the value that observers see. Proclamations are applied one at a time in the order of the calls. One whose
   * answer is lost is sent again, and can neither be applied twice nor after a later one. `timeoutMs`, by
   * default the client's, includes the wait for earlier ones; one whose turn does not come in time is not sent.
   * @throws {LockLostError} if the term is lost before etcd confirms the value; {ClosedError} if it was resigned;
   *   {DeadlineError} if it was not applied in time, {AmbiguousWriteError} if it may have been; otherwise the errors of
   *   `kv.txn`.
   */
  proclaim(value: Bytes, options?: CallOptions): Promise<void>;
  /**
   * Ends the term: deletes its key, if that is still the one this process created, and revokes its lease. Resolves when
   * etcd has answered both. `held` is false at once. Idempotent; does nothing if the term is lost.
   * @throws the error of etcd if both failed: the key then exists until the lease expires, which is not renewed any more.
   */
  resign(options?: CallOptions): Promise<void>;
}
