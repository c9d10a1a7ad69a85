import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';

/** A stream's name between the core and its driver; counted from 1, never used twice. */
export type StreamKey = number;
/** A keep-alive-once's name between the core and its driver. */
export type CallKey = number;

/**
 * How a kept lease ended.
 * - `expired`: etcd says it is gone, by its time running out or by somebody else's revoke;
 * - `lost-contact`: no renewal was acknowledged in time, so it must be taken for gone;
 * - `unauthorized`: etcd refuses to renew it for this user; it runs out by itself, unless the user is let in again;
 * - `revoked`: revoked through this client; `closed`: no longer kept alive, it runs out by itself.
 */
export type LeaseEndReason = 'expired' | 'lost-contact' | 'unauthorized' | 'revoked' | 'closed';

export interface LeaseEnd {
  readonly reason: LeaseEndReason;
  /** etcd's refusal, or the last trouble with the keep-alive stream where there was one. */
  readonly cause?: EtcdError;
  /** Of `lost-contact`: for how many milliseconds no renewal was acknowledged, since the last acknowledged one was sent. */
  readonly unacknowledgedMs?: number;
}

/** How a keep-alive-once ended. */
export type OneShotOutcome =
  | { readonly type: 'renewed'; readonly ttlMs: number }
  | { readonly type: 'gone' }
  /** Its time was over; `cause` is the last trouble with the stream. */
  | { readonly type: 'late'; readonly cause: EtcdError | undefined }
  | { readonly type: 'refused'; readonly error: EtcdError }
  | { readonly type: 'closed' };

/** What happens. Times are in milliseconds, on one clock that goes on while the process or the machine sleeps. */
export type KeepAliveInput =
  | {
      /** A lease was granted and is to be kept; `sentAt` is when its grant was first sent. */
      readonly type: 'hold';
      readonly lease: LeaseId;
      readonly sentAt: number;
      readonly ttlMs: number;
    }
  | { readonly type: 'release'; readonly lease: LeaseId; readonly reason: 'revoked' | 'closed' }
  | { readonly type: 'once'; readonly call: CallKey; readonly lease: LeaseId; readonly until: number }
  /** The caller of a keep-alive-once left. */
  | { readonly type: 'leave'; readonly call: CallKey }
  /** A member was found for the stream: from now on it owes answers. */
  | { readonly type: 'opened'; readonly stream: StreamKey }
  /** A TTL of 0 says that the lease is gone. */
  | {
      readonly type: 'answer';
      readonly stream: StreamKey;
      readonly lease: LeaseId;
      readonly ttlMs: number;
    }
  | { readonly type: 'stream-lost'; readonly stream: StreamKey; readonly error: EtcdError }
  | { readonly type: 'token' }
  | { readonly type: 'token-failed'; readonly error: EtcdError }
  | { readonly type: 'timer' }
  /** Nothing happened; but what has run out meanwhile is to be told before anything else is. */
  | { readonly type: 'check' }
  | { readonly type: 'close' };

export type KeepAliveEffect =
  | { readonly type: 'open-stream'; readonly stream: StreamKey }
  | { readonly type: 'send'; readonly stream: StreamKey; readonly lease: LeaseId }
  /** The stream's member owes an answer: the next stream goes to another one; this one may still answer. */
  | { readonly type: 'doubt-stream'; readonly stream: StreamKey }
  /** The stream's member is no good, and the stream is over: the next one goes to another member. */
  | { readonly type: 'blame-member'; readonly stream: StreamKey }
  /** Nobody needs the stream any more; it may be over already. */
  | { readonly type: 'close-stream'; readonly stream: StreamKey }
  /** A token newer than that of the stream is needed; `token` or `token-failed` follows. */
  | { readonly type: 'refresh-token'; readonly stream: StreamKey; readonly error: EtcdError }
  /** Sets the one timer anew; never, for Infinity. */
  | { readonly type: 'wake-at'; readonly at: number }
  | { readonly type: 'finish'; readonly lease: LeaseId; readonly end: LeaseEnd }
  | {
      readonly type: 'settle';
      readonly call: CallKey;
      readonly lease: LeaseId;
      readonly outcome: OneShotOutcome;
    };
