import { brand, Code, EtcdError } from '../errors/index.js';

/**
 * Why a lock, a place in its queue or a term of an election was lost.
 * - `lease-expired`: etcd reports that the lease does not exist: its TTL passed, or another client revoked it;
 * - `lost-contact`: no renewal was acknowledged within the TTL, so the lease must be assumed to have expired;
 * - `unauthorized`: etcd refuses this user the renewal of the lease, or the key;
 * - `lease-revoked`: this client revoked the lease;
 * - `key-deleted`: the key is gone: its lease ended, or a client deleted it, or the store was wiped or restored;
 * - `closed`: the client was closed; the lease expires after its TTL.
 */
export type LockLoss =
  | 'lease-expired'
  | 'lost-contact'
  | 'unauthorized'
  | 'lease-revoked'
  | 'key-deleted'
  | 'closed';

/**
 * A lock, a place in its queue or a term of an election was lost: another client may own it now. Stop what it protected.
 * Nothing that was guarded by it is applied after that. A `txn()` that rejects with this error was not applied; only one
 * with `idempotent` may have been, before the loss, by an attempt whose answer was lost.
 */
export class LockLostError extends EtcdError {
  static {
    brand(LockLostError, 'LockLostError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'LockLostError';
  /** Why it was lost. */
  readonly loss: LockLoss;

  /** @param what What was lost, such as `the lock 'jobs'`. */
  constructor(what: string, loss: LockLoss, why: string, cause?: unknown) {
    super(`${what} was lost: ${why}`, { code: Code.ABORTED, cause });
    this.loss = loss;
  }
}
