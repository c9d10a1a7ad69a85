import type { EtcdError } from '../../../errors/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../model/index.js';
import type { RegistrationState } from '../types.js';
import type { KeyState, RequestKey, WriteResult } from './protocol.js';

/** A lease that was granted, and its TTL. */
export interface GrantedLease {
  readonly lease: LeaseId;
  readonly ttlMs: number;
}

/** What a part of a life comes to. */
export type StageOutcome =
  /** The record is stored under its lease. */
  | { readonly type: 'stored'; readonly revision: Revision }
  /** There is no record any more. */
  | { readonly type: 'gone' }
  /** Another's record has its place. */
  | { readonly type: 'replaced'; readonly kv: KeyValue }
  /** It was deleted, and its lease is alive. */
  | { readonly type: 'deleted' }
  /** Its lease is gone. */
  | { readonly type: 'lease-lost'; readonly error: EtcdError | undefined }
  /** It comes to nothing. */
  | { readonly type: 'failed'; readonly error: EtcdError };

/** A part of what is done under one lease. Methods give its outcome, and undefined while it goes on. */
export interface LeaseStage {
  readonly held: GrantedLease;
  readonly state: RegistrationState;
  /** The revision of the present record; undefined while there is none. */
  readonly revision: Revision | undefined;
  /** When it goes on without anything having happened. */
  readonly nextActionAt: number;
  act(): void;
  onWriteResult(request: RequestKey, result: WriteResult): StageOutcome | undefined;
  onKeyState(request: RequestKey, state: KeyState): StageOutcome | undefined;
  onLeaseStatus(request: RequestKey, isAlive: boolean): StageOutcome | undefined;
  onRequestFailed(request: RequestKey, error: EtcdError): StageOutcome | undefined;
  onLeaseEnded(error: EtcdError): StageOutcome;
  isFollowing(request: RequestKey): boolean;
  /** Nothing of it is waited for any more. */
  cancelRequests(): void;
}
