import type { EtcdError } from '../../../../errors/index.js';
import type { Txn } from '../../../../kv/index.js';
import type { KeyState, KeyValue, LeaseId, Revision } from '../../../../model/index.js';
import type { RegistrationState } from '../../types.js';
import type { RequestKey, WriteResult } from '../protocol.js';

/** A granted lease and its TTL. */
export interface GrantedLease {
  readonly lease: LeaseId;
  readonly ttlMs: number;
}

/** How a stage ends. */
export type StageOutcome =
  /** The record is stored under the lease. */
  | { readonly type: 'stored'; readonly revision: Revision }
  /** The record is gone, for an unknown reason. */
  | { readonly type: 'gone' }
  /** Another registration's record has the key. */
  | { readonly type: 'replaced'; readonly kv: KeyValue }
  /** The record was deleted while its lease is alive. */
  | { readonly type: 'deleted' }
  /** The lease is gone. */
  | { readonly type: 'lease-lost'; readonly error: EtcdError | undefined }
  /** The stage failed; a new lease is needed. */
  | { readonly type: 'failed'; readonly error: EtcdError };

/** One stage of a registration under one lease. Handlers return its outcome, or undefined while it continues. */
export interface LeaseStage {
  readonly held: GrantedLease;
  readonly state: RegistrationState;
  /** The revision of the stored record; undefined without one. */
  readonly revision: Revision | undefined;
  /** When to call `act`, in milliseconds of the clock; Infinity for never. */
  readonly nextActionAt: number;
  act(): void;
  onWriteResult(request: RequestKey, result: WriteResult): StageOutcome | undefined;
  onKeyState(request: RequestKey, state: KeyState): StageOutcome | undefined;
  onLeaseStatus?(request: RequestKey, isAlive: boolean): StageOutcome | undefined;
  onRequestFailed(request: RequestKey, error: EtcdError): StageOutcome | undefined;
  onLeaseEnded(error: EtcdError): StageOutcome;
  /** Stores the draining status; undefined if the record cannot have it, or etcd does not answer. */
  drainingTxn?(): Txn | undefined;
  isFollowing(request: RequestKey): boolean;
  /** Cancels all requests of the stage, when it ends. */
  cancelRequests(): void;
}
