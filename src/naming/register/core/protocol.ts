import type { EtcdError } from '../../../errors/index.js';
import type { Txn } from '../../../kv/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../model/index.js';
import type { Endpoint } from '../../endpoint.js';
import type { RegistrationEnd, RegistrationEvent } from '../types.js';

/** A request's or a watch's name between the core and its driver; never used twice. */
export type RequestKey = number;
/** An owner's call's name between the core and its driver. */
export type CallKey = number;

/** What a key held at a revision: its record, or undefined where there was none. */
export interface KeyState {
  readonly kv: KeyValue | undefined;
  readonly revision: Revision;
}

/** The answer to a write that compares: the record's new revision, or what was found instead. */
export type WriteResult = ({ readonly type: 'stored' } & { readonly revision: Revision }) | FoundInstead;

export interface FoundInstead extends KeyState {
  readonly type: 'found';
}

/** What happens. Times are in milliseconds, on one monotonic clock. */
export type RegistrationInput =
  | { readonly type: 'start'; readonly timeoutMs: number }
  | {
      readonly type: 'granted';
      readonly request: RequestKey;
      readonly lease: LeaseId;
      readonly ttlMs: number;
    }
  /** Any request but a revocation failed. */
  | { readonly type: 'failed'; readonly request: RequestKey; readonly error: EtcdError }
  | { readonly type: 'written'; readonly request: RequestKey; readonly result: WriteResult }
  /** A state of the followed key; those of one `follow` come in the order of their revisions. */
  | ({ readonly type: 'state'; readonly request: RequestKey } & KeyState)
  /** A read behind `follow` failed, and is repeated. */
  | { readonly type: 'follow-failure'; readonly request: RequestKey; readonly error: EtcdError }
  | { readonly type: 'lease-state'; readonly request: RequestKey; readonly isAlive: boolean }
  /** A lease ended other than by the core's own `revoke`. */
  | { readonly type: 'lease-ended'; readonly lease: LeaseId; readonly error: EtcdError }
  | { readonly type: 'revoked'; readonly lease: LeaseId; readonly isRevoked: boolean }
  /** A record without a lease was deleted, or is none of ours. */
  | { readonly type: 'orphan-deleted'; readonly request: RequestKey }
  | {
      readonly type: 'update';
      readonly call: CallKey;
      readonly change: Partial<Endpoint>;
      readonly timeoutMs: number;
    }
  /** The record is to say that the endpoint drains; the call settles once it does. */
  | { readonly type: 'drain'; readonly call: CallKey }
  /** The caller left; what it asked for stays desired. */
  | { readonly type: 'abandon-call'; readonly call: CallKey }
  | { readonly type: 'timer' }
  | { readonly type: 'close'; readonly what: 'the client' | 'the registration' };

export type RegistrationEffect =
  /** Grants a lease and keeps it alive: `granted` or `failed` follows, `granted` also after `cancel`. */
  | { readonly type: 'grant'; readonly request: RequestKey; readonly timeoutMs?: number }
  /** A transaction that may be sent twice: `written` or `failed` follows. */
  | { readonly type: 'write'; readonly request: RequestKey; readonly txn: Txn; readonly timeoutMs?: number }
  /** Reports the key's states after that revision, each as a `state`, until `cancel` or `failed`. */
  | { readonly type: 'follow'; readonly request: RequestKey; readonly from: Revision }
  /** Asks whether a lease is alive: `lease-state` or `failed` follows. */
  | { readonly type: 'check-lease'; readonly request: RequestKey; readonly lease: LeaseId }
  /** The request's answer is no longer wanted. */
  | { readonly type: 'cancel'; readonly request: RequestKey }
  /** Gives a lease back, with what is attached to it: `revoked` follows. */
  | { readonly type: 'revoke'; readonly lease: LeaseId }
  /** A transaction that deletes what has no lease: `orphan-deleted` or `failed` follows. */
  | {
      readonly type: 'delete-orphan';
      readonly request: RequestKey;
      readonly txn: Txn;
      readonly timeoutMs: number;
    }
  /** Sets the one timer anew; never, for Infinity. */
  | { readonly type: 'wake-at'; readonly at: number }
  /** The first record is stored, or `start` has failed. */
  | { readonly type: 'started'; readonly error?: EtcdError }
  /** A call of the owner is over. */
  | { readonly type: 'settle'; readonly call: CallKey; readonly error?: EtcdError }
  | { readonly type: 'event'; readonly event: RegistrationEvent }
  /** All is over: nothing follows. */
  | { readonly type: 'end'; readonly end: RegistrationEnd };
