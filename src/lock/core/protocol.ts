import type { EtcdError } from '../../errors/index.js';
import type { Txn, TxnResult } from '../../kv/index.js';
import type { KeyState, LeaseId, Revision } from '../../model/index.js';
import type { LockLoss, LockLostError } from '../lock-lost-error.js';

/** Identifies a request or a followed key between the core and its driver; never reused. */
export type RequestKey = number;

/** The own key at the head of the queue, as one transaction showed it. */
export interface Acquired {
  readonly lease: LeaseId;
  readonly key: Buffer;
  /** The revision at which the key was created: the place in the queue, and the value of the guard. */
  readonly createRevision: Revision;
  /** The revision of the store when the transaction ran: larger than that of every earlier holder. */
  readonly token: Revision;
}

/** Inputs of the core. Times are in milliseconds of one monotonic clock. */
export type AcquisitionInput =
  /** `timeoutMs` is the time for the acquisition; Infinity for none. */
  | { readonly type: 'start'; readonly timeoutMs: number }
  /** The lease of a `grant`, which is kept alive. May follow an `abort`, too. */
  | { readonly type: 'granted'; readonly request: RequestKey; readonly lease: LeaseId }
  /** The result of a `txn`. */
  | { readonly type: 'answered'; readonly request: RequestKey; readonly result: TxnResult }
  /** A `grant`, `txn` or `follow` ended with an error. */
  | { readonly type: 'failed'; readonly request: RequestKey; readonly error: EtcdError }
  /** A state of a followed key. The states of one `follow` arrive in revision order, and may skip changes. */
  | ({ readonly type: 'state'; readonly request: RequestKey } & KeyState)
  /** A read of a `follow` failed and is retried. */
  | { readonly type: 'follow-failure'; readonly request: RequestKey; readonly error: EtcdError }
  /** A granted lease ended, without a `leave` of the core. `loss` and `error` say why. */
  | {
      readonly type: 'lease-ended';
      readonly lease: LeaseId;
      readonly loss: LockLoss;
      readonly error: EtcdError;
    }
  /** A transaction with the guard showed that the own key is not the one that was acquired. */
  | { readonly type: 'guard-failed' }
  /** The caller does not wait any more. Only before `acquired`. */
  | { readonly type: 'abort' }
  /** The owner gives the lock back. Only after `acquired`. */
  | { readonly type: 'release' }
  /** A `leave` is done; with an error if the key may still exist. */
  | { readonly type: 'left'; readonly lease: LeaseId; readonly error?: EtcdError }
  | { readonly type: 'timer' };

/** Effects that the driver performs, in order. */
export type AcquisitionEffect =
  /** Grants a lease and keeps it alive: `granted` or `failed` follows. It is never cancelled. */
  | { readonly type: 'grant'; readonly request: RequestKey }
  /** Runs a transaction that may be sent twice: `answered` or `failed` follows. */
  | { readonly type: 'txn'; readonly request: RequestKey; readonly txn: Txn }
  /** Reports the key's states after that revision, each as a `state`, until `cancel` or `failed`. */
  | { readonly type: 'follow'; readonly request: RequestKey; readonly key: Buffer; readonly from: Revision }
  /** Cancels a `txn` or a `follow`; what it reports later is ignored. */
  | { readonly type: 'cancel'; readonly request: RequestKey }
  /**
   * Stops renewing the lease and revokes it, and runs the transaction, which deletes the own key, at the same time.
   * `left` follows when both have ended: without an error if either was carried out.
   */
  | { readonly type: 'leave'; readonly lease: LeaseId; readonly txn?: Txn }
  /** Resets the single timer; Infinity clears it. */
  | { readonly type: 'wake-at'; readonly at: number }
  /** The own key is the first of the queue. `lost` or, after a `release`, `released` follows. */
  | ({ readonly type: 'acquired' } & Acquired)
  /** Only with the mode `try`: another key is in the queue. Nothing follows. */
  | { readonly type: 'taken' }
  /** The acquisition ended before it acquired anything. Nothing but `leave` follows. */
  | { readonly type: 'refused'; readonly error: EtcdError }
  /** The own key is not, or not surely, the first of the queue any more. Nothing but `leave` follows. */
  | { readonly type: 'lost'; readonly error: LockLostError }
  /** The answer to `release`; with an error if the key may exist until its lease expires. */
  | { readonly type: 'released'; readonly error?: EtcdError };
