import type { EtcdError } from '../../../errors/index.js';
import type { Txn } from '../../../kv/index.js';
import type { KeyState, LeaseId, Revision } from '../../../model/index.js';
import type { Endpoint } from '../../endpoint.js';
import type { RegistrationEnd, RegistrationEvent } from '../types.js';

/** Identifies a request or a watch between the core and its driver; never reused. */
export type RequestKey = number;
/** Identifies a call of the owner between the core and its driver; never reused. */
export type CallKey = number;

/** The result of a conditional write: the record's new revision, or the current state if the compare failed. */
export type WriteResult = ({ readonly type: 'stored' } & { readonly revision: Revision }) | FoundInstead;

export interface FoundInstead extends KeyState {
  readonly type: 'found';
}

/** Inputs of the core. Times are in milliseconds of one monotonic clock. */
export type RegistrationInput =
  | { readonly type: 'start'; readonly timeoutMs: number }
  | {
      readonly type: 'granted';
      readonly request: RequestKey;
      readonly lease: LeaseId;
      readonly ttlMs: number;
    }
  /** A request other than `revoke` failed. */
  | { readonly type: 'failed'; readonly request: RequestKey; readonly error: EtcdError }
  | { readonly type: 'written'; readonly request: RequestKey; readonly result: WriteResult }
  /** A state of the followed key. The states of one `follow` arrive in revision order. */
  | ({ readonly type: 'state'; readonly request: RequestKey } & KeyState)
  /** A read of `follow` failed and is retried. */
  | { readonly type: 'follow-failure'; readonly request: RequestKey; readonly error: EtcdError }
  | { readonly type: 'lease-state'; readonly request: RequestKey; readonly isAlive: boolean }
  /** A lease ended without a `revoke` of the core. */
  | { readonly type: 'lease-ended'; readonly lease: LeaseId; readonly error: EtcdError }
  | { readonly type: 'revoked'; readonly lease: LeaseId; readonly isRevoked: boolean }
  /** The mark was stored, or its condition failed. */
  | { readonly type: 'marked'; readonly request: RequestKey }
  /** Our record without a lease was deleted, or there is none. */
  | { readonly type: 'orphan-deleted'; readonly request: RequestKey }
  | {
      readonly type: 'update';
      readonly call: CallKey;
      readonly change: Partial<Endpoint>;
      readonly timeoutMs: number;
    }
  /** Adds the draining status to the record; the call settles once it is stored. */
  | { readonly type: 'drain'; readonly call: CallKey }
  /** The call was aborted by its signal; its change stays desired. */
  | { readonly type: 'abandon-call'; readonly call: CallKey }
  | { readonly type: 'timer' }
  | { readonly type: 'close'; readonly what: 'the client' | 'the registration' };

/** Effects that the driver performs, in order. */
export type RegistrationEffect =
  /** Grants a lease and keeps it alive: `granted` or `failed` follows. `granted` may follow a `cancel`, too. */
  | { readonly type: 'grant'; readonly request: RequestKey; readonly timeoutMs?: number }
  /** A transaction that may be sent twice: `written` or `failed` follows. */
  | { readonly type: 'write'; readonly request: RequestKey; readonly txn: Txn; readonly timeoutMs?: number }
  /** Reports the key's states after that revision, each as a `state`, until `cancel` or `failed`. */
  | { readonly type: 'follow'; readonly request: RequestKey; readonly from: Revision }
  /** Checks whether a lease is alive: `lease-state` or `failed` follows. */
  | { readonly type: 'check-lease'; readonly request: RequestKey; readonly lease: LeaseId }
  /** Cancels a request or a `follow`; its answer is ignored. */
  | { readonly type: 'cancel'; readonly request: RequestKey }
  /** Revokes a lease and thereby deletes its record: `revoked` follows. */
  | { readonly type: 'revoke'; readonly lease: LeaseId }
  /** A transaction whose outcome does not matter: `marked` or `failed` follows. */
  | { readonly type: 'mark'; readonly request: RequestKey; readonly txn: Txn }
  /** A transaction that deletes our record without a lease: `orphan-deleted` or `failed` follows. */
  | {
      readonly type: 'delete-orphan';
      readonly request: RequestKey;
      readonly txn: Txn;
      readonly timeoutMs: number;
    }
  /** Resets the single timer; Infinity clears it. */
  | { readonly type: 'wake-at'; readonly at: number }
  /** The first record is stored, or `start` failed. */
  | { readonly type: 'started'; readonly error?: EtcdError }
  /** Resolves a call of the owner, or rejects it with the error. */
  | { readonly type: 'settle'; readonly call: CallKey; readonly error?: EtcdError }
  | { readonly type: 'event'; readonly event: RegistrationEvent }
  /** The registration has ended; nothing follows. */
  | { readonly type: 'end'; readonly end: RegistrationEnd };
