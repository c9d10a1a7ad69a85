import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';

/** Identifies a stream between the core and its driver. Counts from 1; never reused. */
export type StreamKey = number;
/** Identifies a `keepAliveOnce` call between the core and its driver. */
export type CallKey = number;

/**
 * Why a held lease ended.
 * - `expired`: etcd reports that the lease does not exist: its TTL passed, or another client revoked it;
 * - `lost-contact`: no renewal was acknowledged within the TTL, so the lease must be assumed to have expired;
 * - `unauthorized`: etcd refuses to renew the lease for this user; it expires unless it is renewed by other means;
 * - `revoked`: it was revoked through this client;
 * - `closed`: it is no longer renewed, because it or the client was closed; it expires after its TTL.
 */
export type LeaseEndReason = 'expired' | 'lost-contact' | 'unauthorized' | 'revoked' | 'closed';

/** How a held lease ended. */
export interface LeaseEnd {
  /** Why the lease ended. */
  readonly reason: LeaseEndReason;
  /**
   * With `expired` and `unauthorized`, etcd's refusal, if any; with `lost-contact`, the last failure of the stream, if
   * any.
   */
  readonly cause?: EtcdError;
  /** Only with `lost-contact`: milliseconds since the last acknowledged renewal was sent. */
  readonly unacknowledgedMs?: number;
}

/** The result of a `keepAliveOnce` call. */
export type OneShotOutcome =
  | { readonly type: 'renewed'; readonly ttlMs: number }
  | { readonly type: 'not-found' }
  /** The call's deadline passed; `cause` is the last failure of the stream. */
  | { readonly type: 'deadline'; readonly cause: EtcdError | undefined }
  | { readonly type: 'refused'; readonly error: EtcdError }
  | { readonly type: 'closed' };

/** An event for the core. Times are in milliseconds on one clock, which also counts while the machine is suspended. */
export type KeepAliveInput =
  | {
      /** A lease was granted and must be kept alive; `sentAt` is when its grant was first sent. */
      readonly type: 'hold';
      readonly lease: LeaseId;
      readonly sentAt: number;
      readonly ttlMs: number;
    }
  | { readonly type: 'release'; readonly lease: LeaseId; readonly reason: 'revoked' | 'closed' }
  | {
      readonly type: 'renew-once';
      readonly call: CallKey;
      readonly lease: LeaseId;
      readonly deadlineAt: number;
    }
  /** The caller of `keepAliveOnce` aborted it. */
  | { readonly type: 'cancel-call'; readonly call: CallKey }
  /** The stream is connected to a member: response timeouts count from now. */
  | { readonly type: 'stream-opened'; readonly stream: StreamKey }
  /** A TTL of 0 means that the lease does not exist. */
  | {
      readonly type: 'reply';
      readonly stream: StreamKey;
      readonly lease: LeaseId;
      readonly ttlMs: number;
    }
  | { readonly type: 'stream-lost'; readonly stream: StreamKey; readonly error: EtcdError }
  | { readonly type: 'token-refreshed' }
  | { readonly type: 'token-refresh-failed'; readonly error: EtcdError }
  | { readonly type: 'timer' }
  /** Ends the leases that have expired, before anything else is reported. */
  | { readonly type: 'check-expiry' }
  | { readonly type: 'close' };

/** An action for the driver, to be performed in order. */
export type KeepAliveEffect =
  | { readonly type: 'open-stream'; readonly stream: StreamKey }
  | { readonly type: 'send'; readonly stream: StreamKey; readonly lease: LeaseId }
  /** The stream's member does not reply: the next stream goes to another member; this stream may still reply. */
  | { readonly type: 'report-unresponsive'; readonly stream: StreamKey }
  /** The stream ended because its member cannot serve: the next stream goes to another member. */
  | { readonly type: 'mark-unhealthy'; readonly stream: StreamKey }
  /** The stream is no longer needed; it may have ended already. */
  | { readonly type: 'close-stream'; readonly stream: StreamKey }
  /** A newer token than the stream's is needed; `token-refreshed` or `token-refresh-failed` follows. */
  | { readonly type: 'refresh-token'; readonly stream: StreamKey; readonly error: EtcdError }
  /** Replaces the only timer; Infinity clears it. */
  | { readonly type: 'set-timer'; readonly at: number }
  | { readonly type: 'end-lease'; readonly lease: LeaseId; readonly end: LeaseEnd }
  | {
      readonly type: 'settle-call';
      readonly call: CallKey;
      readonly lease: LeaseId;
      readonly outcome: OneShotOutcome;
    };
