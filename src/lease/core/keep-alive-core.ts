import { DueQueue } from '../../async/time/due-queue.js';
import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';
import type {
  CallKey,
  KeepAliveEffect,
  KeepAliveInput,
  LeaseEnd,
  LeaseEndReason,
  OneShotOutcome,
  StreamKey,
} from './protocol.js';
import {
  applyRenewal,
  earlyToleranceMs,
  type HeldRenewal,
  isActive,
  maxReopenPauseMs,
  newHeldRenewal,
  newOneShotRenewal,
  nextCheckAt,
  type OneShotRenewal,
  type Renewal,
} from './renewal.js';
import type { PendingRequest } from './renewal-stream.js';
import { RenewalStreams } from './renewal-streams.js';
import { requestSentAt } from './timing.js';

/** How long an unused stream stays open, for the next `keepAliveOnce`. */
const idleStreamMs = 5_000;

/** A timer later than this means that the process was stopped or its event loop blocked. */
const pauseThresholdMs = 200;

/**
 * Decides when and on which stream each lease is renewed, which lease a reply renews, and until when a lease is certain
 * to exist. Pure: every input carries the time, and actions are returned as effects, in order.
 */
export class KeepAliveCore {
  readonly #random: () => number;
  readonly #held = new Map<LeaseId, HeldRenewal>();
  readonly #oneShots = new Map<CallKey, OneShotRenewal>();
  readonly #due = new DueQueue<Renewal>();
  /** Renewals to send as soon as the stream allows it. */
  readonly #toSend = new Set<Renewal>();
  readonly #streams: RenewalStreams;
  #effects: KeepAliveEffect[] = [];
  /** No held lease expires before this. It may be too early, never too late. */
  #earliestExpiry = Number.POSITIVE_INFINITY;
  #timerAt = Number.POSITIVE_INFINITY;
  #idleCloseAt = Number.POSITIVE_INFINITY;

  constructor(random: () => number) {
    this.#random = random;
    this.#streams = new RenewalStreams(random, (effect) => this.#effects.push(effect));
  }

  /** A `check-expiry` before this time ends no lease. */
  get earliestExpiry(): number {
    return this.#earliestExpiry;
  }

  /** When the first held lease expires without another acknowledged renewal; Infinity without one. */
  firstEnd(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { endsAt } of this.#held.values()) first = Math.min(first, endsAt);
    return first;
  }

  /** Whether the lease certainly exists at `now`. */
  isHeldAt(lease: LeaseId, now: number): boolean {
    const held = this.#held.get(lease);
    return held !== undefined && now < held.endsAt;
  }

  handle(input: KeepAliveInput, now: number): readonly KeepAliveEffect[] {
    const effects: KeepAliveEffect[] = [];
    this.#effects = effects;
    const wasPaused = now - this.#timerAt > pauseThresholdMs;
    // First of all: after a pause of the process, any input may arrive before the overdue timer.
    if (now >= this.#earliestExpiry) this.#endExpired(now);
    this.#apply(input, now);
    if (input.type === 'timer') this.#runDue(now, wasPaused);
    this.#sendRequested(now);
    this.#closeWhenIdle(now);
    this.#armTimer(now);
    return effects;
  }

  #apply(input: KeepAliveInput, now: number): void {
    switch (input.type) {
      case 'hold':
        this.#hold(newHeldRenewal(input.lease, input, now, this.#random), now);
        return;
      case 'release':
        this.#endLease(this.#held.get(input.lease), input.reason);
        return;
      case 'renew-once':
        this.#renewOnce(newOneShotRenewal(input.call, input.lease, now, input.deadlineAt));
        return;
      case 'cancel-call':
        this.#cancelCall(input.call);
        return;
      case 'stream-opened':
        this.#onStreamOpened(input.stream, now);
        return;
      case 'reply':
        this.#onReply(input.stream, input.lease, input.ttlMs, now);
        return;
      case 'stream-lost':
        this.#onStreamLost(input.stream, input.error, now);
        return;
      case 'token-refreshed':
        this.#streams.onTokenRefreshed();
        return;
      case 'token-refresh-failed':
        this.#onTokenRefreshFailed(input.error);
        return;
      case 'timer':
      case 'check-expiry':
        return;
      case 'close':
        this.#close();
    }
  }

  // Requests.

  #hold(held: HeldRenewal, now: number): void {
    // etcd grants an id again only after the earlier lease with that id has ended.
    this.#endLease(this.#held.get(held.lease), 'expired');
    this.#held.set(held.lease, held);
    this.#earliestExpiry = Math.min(this.#earliestExpiry, held.endsAt);
    this.#scheduleCheck(held);
    // The grant may have taken longer than the TTL.
    if (now >= held.endsAt) this.#endWithLostContact(held, now);
  }

  #renewOnce(oneShot: OneShotRenewal): void {
    this.#oneShots.set(oneShot.call, oneShot);
    this.#requestRenewal(oneShot);
  }

  #cancelCall(call: CallKey): void {
    const oneShot = this.#oneShots.get(call);
    if (oneShot) this.#dropRenewal(oneShot);
    this.#oneShots.delete(call);
  }

  #requestRenewal(renewal: Renewal): void {
    renewal.pendingOn = undefined;
    this.#toSend.add(renewal);
    // A renewal that cannot be sent must still end on time.
    this.#due.set(renewal, renewal.endsAt);
  }

  #scheduleCheck(renewal: Renewal): void {
    this.#due.set(renewal, nextCheckAt(renewal));
  }

  #sendRequested(now: number): void {
    for (const renewal of this.#toSend) {
      if (this.#streams.sendableAt > now) return;
      this.#toSend.delete(renewal);
      this.#streams.send(renewal, now);
      this.#scheduleCheck(renewal);
    }
  }

  // Stream and token events.

  #onStreamOpened(key: StreamKey, now: number): void {
    const stream = this.#streams.onOpened(key, now);
    if (!stream) return;
    for (const renewal of stream.waitingRenewals()) {
      if (!isActive(renewal)) continue;
      renewal.pendingSince = now;
      this.#scheduleCheck(renewal);
    }
  }

  #onReply(key: StreamKey, lease: LeaseId, ttlMs: number, now: number): void {
    const request = this.#streams.onReply(key, lease, now);
    if (!request) return;
    const { renewal, sentAt } = request;
    if (renewal.pendingOn?.key === key) renewal.pendingOn = undefined;
    const held = this.#held.get(lease);
    if (held && concernsLease(request, held)) {
      if (ttlMs <= 0) this.#endLease(held, 'expired');
      else this.#onRenewed(held, sentAt, ttlMs);
    }
    if (renewal.type === 'one-shot' && isActive(renewal)) {
      this.#settleCall(renewal, ttlMs > 0 ? { type: 'renewed', ttlMs } : { type: 'not-found' });
    }
  }

  #onRenewed(held: HeldRenewal, sentAt: number, ttlMs: number): void {
    applyRenewal(held, sentAt, ttlMs, this.#random);
    // A renewal waiting to be sent again is not needed any more: the previous stream replied.
    if (!held.pendingOn) this.#toSend.delete(held);
    this.#scheduleCheck(held);
  }

  #onStreamLost(key: StreamKey, error: EtcdError, now: number): void {
    const maxPauseMs = maxReopenPauseMs(this.#held.values());
    const { toResend, leaseResult } = this.#streams.onStreamLost(key, error, now, maxPauseMs);
    for (const renewal of toResend) if (isActive(renewal)) this.#requestRenewal(renewal);
    if (!leaseResult) return;
    const { request, reason } = leaseResult;
    const { lease } = request.renewal;
    const held = this.#held.get(lease);
    if (held && !concernsLease(request, held)) return;
    this.#endLease(held, reason, withCause(error));
    for (const oneShot of [...this.#oneShots.values()]) {
      if (oneShot.lease === lease) this.#settleCall(oneShot, { type: 'refused', error });
    }
  }

  #onTokenRefreshFailed(error: EtcdError): void {
    this.#streams.onTokenRefreshed();
    if (error.verdict !== 'final') return;
    for (const held of [...this.#held.values()]) this.#endLease(held, 'unauthorized', withCause(error));
    for (const oneShot of [...this.#oneShots.values()]) this.#settleCall(oneShot, { type: 'refused', error });
  }

  // Timers.

  #endExpired(now: number): void {
    this.#earliestExpiry = Number.POSITIVE_INFINITY;
    for (const held of [...this.#held.values()]) {
      const { endsAt } = held;
      if (now >= endsAt) this.#endWithLostContact(held, now);
      else this.#earliestExpiry = Math.min(this.#earliestExpiry, endsAt);
    }
  }

  #runDue(now: number, wasPaused: boolean): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (let nextDue = this.#due.first; nextDue; nextDue = this.#due.first) {
      if (nextDue.dueAt - earlyToleranceMs(nextDue) > now) return;
      this.#checkRenewal(nextDue, now, wasPaused);
    }
  }

  #checkRenewal(renewal: Renewal, now: number, wasPaused: boolean): void {
    if (now >= renewal.endsAt) {
      if (renewal.type === 'one-shot')
        this.#settleCall(renewal, { type: 'deadline', cause: this.#streams.lastFailure });
      else this.#endWithLostContact(renewal, now);
    } else if (!renewal.pendingOn) {
      this.#requestRenewal(renewal);
    } else if (nextCheckAt(renewal) > now) {
      this.#scheduleCheck(renewal); // its check was postponed: a reply on the stream, or a longer TTL
    } else if (wasPaused) {
      // The reply may have arrived and not been read yet: a pause of this process proves nothing about the member.
      renewal.pendingSince = now - (renewal.responseTimeoutMs * 3) / 4;
      this.#scheduleCheck(renewal);
    } else {
      this.#requestElsewhere(renewal);
    }
  }

  #requestElsewhere(renewal: Renewal): void {
    if (renewal.pendingOn && this.#streams.isCurrent(renewal.pendingOn)) {
      for (const other of this.#streams.switchMember()) if (isActive(other)) this.#requestRenewal(other);
    } else {
      this.#requestRenewal(renewal);
    }
  }

  // Ends.

  #endWithLostContact(held: HeldRenewal, now: number): void {
    const unacknowledgedMs = now - requestSentAt(held.endsAt, held.ttlMs);
    this.#endLease(held, 'lost-contact', { unacknowledgedMs, ...withCause(this.#streams.lastFailure) });
  }

  #endLease(held: HeldRenewal | undefined, reason: LeaseEndReason, details?: Omit<LeaseEnd, 'reason'>): void {
    if (!held) return;
    this.#held.delete(held.lease);
    this.#dropRenewal(held);
    this.#effects.push({ type: 'end-lease', lease: held.lease, end: { reason, ...details } });
  }

  #settleCall(oneShot: OneShotRenewal, outcome: OneShotOutcome): void {
    this.#oneShots.delete(oneShot.call);
    this.#dropRenewal(oneShot);
    this.#effects.push({ type: 'settle-call', call: oneShot.call, lease: oneShot.lease, outcome });
  }

  #dropRenewal(renewal: Renewal): void {
    this.#due.remove(renewal);
    this.#toSend.delete(renewal);
    this.#streams.clearSuspect(renewal.lease);
  }

  #close(): void {
    for (const held of [...this.#held.values()]) this.#endLease(held, 'closed');
    for (const oneShot of [...this.#oneShots.values()]) this.#settleCall(oneShot, { type: 'closed' });
    this.#streams.close();
  }

  #closeWhenIdle(now: number): void {
    if (this.#held.size + this.#oneShots.size > 0 || !this.#streams.hasStream) {
      this.#idleCloseAt = Number.POSITIVE_INFINITY;
    } else if (now >= this.#idleCloseAt) {
      this.#streams.close();
      this.#idleCloseAt = Number.POSITIVE_INFINITY;
    } else if (this.#idleCloseAt === Number.POSITIVE_INFINITY) {
      this.#idleCloseAt = now + idleStreamMs;
    }
  }

  /** An early timer is harmless; the timer is not moved to a later time, which would cost more than that. */
  #armTimer(now: number): void {
    let at = Math.min(this.#due.first?.dueAt ?? Number.POSITIVE_INFINITY, this.#idleCloseAt);
    if (this.#toSend.size > 0) at = Math.min(at, this.#streams.sendableAt);
    // An overdue check must not make this timer look late.
    at = Math.max(at, now);
    const isIdle = at === Number.POSITIVE_INFINITY;
    if (isIdle ? this.#timerAt === at : at >= this.#timerAt) return;
    this.#timerAt = at;
    this.#effects.push({ type: 'set-timer', at });
  }
}

/** Whether the request was for this lease, and not for an earlier one with the same id. */
function concernsLease({ renewal, sentAt }: PendingRequest, held: HeldRenewal): boolean {
  return renewal === held || sentAt >= held.grantedAt;
}

function withCause(cause: EtcdError | undefined): { readonly cause?: EtcdError } {
  return cause ? { cause } : {};
}
