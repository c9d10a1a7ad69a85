import { backoffDelay } from '../../async/time/backoff.js';
import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';
import { type StreamFailureAction, streamFailureAction } from './failure-action.js';
import type { KeepAliveEffect, StreamKey } from './protocol.js';
import { isActive, type Renewal, type RenewalStreamInfo } from './renewal.js';
import { type PendingRequest, RenewalStream } from './renewal-stream.js';

const reopenBackoff = { baseMs: 100, maxMs: 2_000 };

/**
 * The stream that renewals are sent on, and the previous one when its member was unresponsive. The previous stream
 * stays open until the new one replies, because a member that is only slow may still reply on it.
 */
export class RenewalStreams {
  readonly #random: () => number;
  readonly #emit: (effect: KeepAliveEffect) => void;
  #current: RenewalStream | undefined;
  #unresponsive: RenewalStream | undefined;
  #nextKey = 1;
  /** Streams lost since the last reply. */
  #failures = 0;
  #reopenAt = 0;
  #awaitsToken = false;
  /** Leases of which one made etcd end a stream. Until each was renewed alone, one request is pending at a time. */
  readonly #suspects = new Set<LeaseId>();
  #serialized = false;
  #lastFailure: EtcdError | undefined;

  constructor(random: () => number, emit: (effect: KeepAliveEffect) => void) {
    this.#random = random;
    this.#emit = emit;
  }

  /** The error of the last lost stream; cleared by the next reply. */
  get lastFailure(): EtcdError | undefined {
    return this.#lastFailure;
  }

  get hasStream(): boolean {
    return (this.#current ?? this.#unresponsive) !== undefined;
  }

  /** When the next request may be sent; Infinity while that depends on a reply or a token. */
  get sendableAt(): number {
    if (this.#current)
      return this.#serialized && hasActiveRequest(this.#current) ? Number.POSITIVE_INFINITY : 0;
    return this.#awaitsToken ? Number.POSITIVE_INFINITY : this.#reopenAt;
  }

  isCurrent(stream: RenewalStreamInfo): boolean {
    return this.#current === stream;
  }

  send(renewal: Renewal, now: number): void {
    const stream = this.#current ?? this.#open();
    stream.addRequest(renewal, now);
    renewal.pendingOn = stream;
    renewal.pendingSince = now;
    this.#suspects.delete(renewal.lease);
    this.#emit({ type: 'send', stream: stream.key, lease: renewal.lease });
  }

  onOpened(key: StreamKey, now: number): RenewalStream | undefined {
    const stream = this.#find(key);
    stream?.markOpened(now);
    return stream;
  }

  onReply(key: StreamKey, lease: LeaseId, now: number): PendingRequest | undefined {
    const stream = this.#find(key);
    const request = stream?.takeRequest(lease, now);
    if (!stream || !request) return undefined;
    this.#failures = 0;
    this.#lastFailure = undefined;
    if (stream === this.#current || stream.pendingCount === 0) this.#closeUnresponsive();
    if (this.#suspects.size === 0 && stream.pendingCount === 0) this.#serialized = false;
    return request;
  }

  /** Moves to another member; returns the renewals to send again. */
  switchMember(): readonly Renewal[] {
    const silent = this.#current;
    if (!silent) return [];
    this.#closeUnresponsive();
    this.#current = undefined;
    this.#unresponsive = silent;
    this.#emit({ type: 'report-unresponsive', stream: silent.key });
    // All of them: a renewal left to its own timeout would report the new member as unresponsive.
    return [...silent.waitingRenewals()];
  }

  /**
   * Returns the renewals to send again and, if the error is final for one lease, that lease's request and the reason.
   */
  onStreamLost(key: StreamKey, error: EtcdError, now: number, maxPauseMs: number): StreamLoss {
    const stream = this.#find(key);
    if (stream && stream === this.#unresponsive) {
      this.#closeUnresponsive();
      return { toResend: [], leaseResult: attributableResult(stream, streamFailureAction(error)) };
    }
    if (!stream) return noLoss;
    this.#current = undefined;
    this.#lastFailure = error;
    const { baseMs, maxMs } = reopenBackoff;
    const backoff = { baseMs, maxMs: Math.min(maxMs, Math.max(baseMs, maxPauseMs)) };
    this.#reopenAt = now + backoffDelay(backoff, this.#failures++, this.#random);
    const action = streamFailureAction(error);
    const leaseResult = attributableResult(stream, action);
    this.#updateSuspects(stream, action, leaseResult !== undefined);
    if (action === 'mark-unhealthy') this.#emit({ type: 'mark-unhealthy', stream: key });
    if (action === 'reauthenticate') this.#refreshToken(key, error);
    this.#emit({ type: 'close-stream', stream: key });
    return { toResend: [...stream.waitingRenewals()], leaseResult };
  }

  onTokenRefreshed(): void {
    this.#awaitsToken = false;
  }

  /** The lease is no longer renewed. */
  clearSuspect(lease: LeaseId): void {
    this.#suspects.delete(lease);
    if (this.#suspects.size === 0 && !this.#current?.pendingCount) this.#serialized = false;
  }

  close(): void {
    this.#closeUnresponsive();
    if (this.#current) this.#emit({ type: 'close-stream', stream: this.#current.key });
    this.#current = undefined;
    this.#suspects.clear();
    this.#serialized = false;
  }

  /**
   * etcd does not name the lease that it refused. With several pending, each is renewed alone: the next refusal is then
   * about that lease.
   */
  #updateSuspects(stream: RenewalStream, action: StreamFailureAction, isAttributed: boolean): void {
    const isAboutOne = action === 'expired' || action === 'unauthorized';
    if (isAboutOne) this.#suspects.clear();
    if (!isAttributed && (isAboutOne || this.#serialized)) {
      for (const renewal of stream.waitingRenewals())
        if (isActive(renewal)) this.#suspects.add(renewal.lease);
    }
    this.#serialized = this.#suspects.size > 0;
  }

  #refreshToken(stream: StreamKey, error: EtcdError): void {
    this.#awaitsToken = true;
    this.#emit({ type: 'refresh-token', stream, error });
  }

  #open(): RenewalStream {
    const stream = new RenewalStream(this.#nextKey++);
    this.#current = stream;
    this.#emit({ type: 'open-stream', stream: stream.key });
    return stream;
  }

  #find(key: StreamKey): RenewalStream | undefined {
    if (this.#current?.key === key) return this.#current;
    return this.#unresponsive?.key === key ? this.#unresponsive : undefined;
  }

  #closeUnresponsive(): void {
    if (this.#unresponsive) this.#emit({ type: 'close-stream', stream: this.#unresponsive.key });
    this.#unresponsive = undefined;
  }
}

export interface StreamLoss {
  readonly toResend: readonly Renewal[];
  readonly leaseResult:
    | { readonly request: PendingRequest; readonly reason: 'expired' | 'unauthorized' }
    | undefined;
}

/**
 * The final result for a lease, if all pending requests are for that lease; otherwise the error could be about another.
 */
function attributableResult(stream: RenewalStream, action: StreamFailureAction): StreamLoss['leaseResult'] {
  const request = stream.oldestIfSameLease;
  if (!request || (action !== 'expired' && action !== 'unauthorized')) return undefined;
  return { request: request, reason: action };
}

const noLoss: StreamLoss = { toResend: [], leaseResult: undefined };

/** Requests of leases that ended in the meantime do not count: the stream may never reply to them. */
function hasActiveRequest(stream: RenewalStream): boolean {
  for (const renewal of stream.waitingRenewals()) if (isActive(renewal)) return true;
  return false;
}
