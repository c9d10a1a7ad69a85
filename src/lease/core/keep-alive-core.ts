import { DueQueue } from '../../async/due-queue.js';
import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';
import { sentBefore } from './held.js';
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
  earlyToleranceMs,
  type HeldRenewal,
  isWanted,
  maxReopenPauseMs,
  newHeldRenewal,
  newOneShotRenewal,
  nextCheckAt,
  type OneShotRenewal,
  type Renewal,
  renewed,
} from './renewal.js';
import type { Asked } from './stream-state.js';
import { Streams } from './streams.js';

/** How long a stream that nobody needs stays open: the next keep-alive-once may be near. */
const idleMs = 5_000;

/** A timer later than this was not late by itself: the process was stopped, or its event loop was. */
const pauseMs = 200;

/**
 * When each lease of a client is renewed and where, which answer proves what, and until when a lease may be believed
 * held. Pure: time comes in with every input, what to do goes out as effects, in order.
 */
export class KeepAliveCore {
  readonly #random: () => number;
  readonly #kept = new Map<LeaseId, HeldRenewal>();
  readonly #calls = new Map<CallKey, OneShotRenewal>();
  readonly #due = new DueQueue<Renewal>();
  /** Who is to be asked for as soon as something may be sent. */
  readonly #toSend = new Set<Renewal>();
  readonly #streams: Streams;
  #effects: KeepAliveEffect[] = [];
  /** No kept lease runs out before; it may be too early, never too late. */
  #earliestEnd = Number.POSITIVE_INFINITY;
  #wakeAt = Number.POSITIVE_INFINITY;
  #idleAt = Number.POSITIVE_INFINITY;

  constructor(random: () => number) {
    this.#random = random;
    this.#streams = new Streams(random, (effect) => this.#effects.push(effect));
  }

  /** Before this moment a `check` has nothing to tell. */
  get earliestEnd(): number {
    return this.#earliestEnd;
  }

  /** Whether a correct server still holds the lease at this moment, as far as can be known here. */
  heldAt(lease: LeaseId, now: number): boolean {
    const kept = this.#kept.get(lease);
    return kept !== undefined && now < kept.endsAt;
  }

  handle(input: KeepAliveInput, now: number): readonly KeepAliveEffect[] {
    const effects: KeepAliveEffect[] = [];
    this.#effects = effects;
    const wasPaused = now - this.#wakeAt > pauseMs;
    // Before anything else: after a pause of the process any input may come before the timer that is overdue.
    if (now >= this.#earliestEnd) this.#tellLost(now);
    this.#take(input, now);
    if (input.type === 'timer') this.#runDue(now, wasPaused);
    this.#sendAll(now);
    this.#rest(now);
    this.#arm(now);
    return effects;
  }

  #take(input: KeepAliveInput, now: number): void {
    switch (input.type) {
      case 'hold':
        this.#hold(newHeldRenewal(input.lease, input, now, this.#random), now);
        return;
      case 'release':
        this.#finish(this.#kept.get(input.lease), input.reason);
        return;
      case 'once':
        this.#once(newOneShotRenewal(input.call, input.lease, now, input.until));
        return;
      case 'leave':
        this.#leave(input.call);
        return;
      case 'opened':
        this.#opened(input.stream, now);
        return;
      case 'answer':
        this.#answered(input.stream, input.lease, input.ttlMs, now);
        return;
      case 'stream-lost':
        this.#lost(input.stream, input.error, now);
        return;
      case 'token':
        this.#streams.token();
        return;
      case 'token-failed':
        this.#tokenFailed(input.error);
        return;
      case 'timer':
      case 'check':
        return;
      case 'close':
        this.#close();
    }
  }

  // Who wants to be renewed.

  #hold(kept: HeldRenewal, now: number): void {
    // etcd grants an id anew only when the lease that had it is gone.
    this.#finish(this.#kept.get(kept.lease), 'expired');
    this.#kept.set(kept.lease, kept);
    this.#earliestEnd = Math.min(this.#earliestEnd, kept.endsAt);
    this.#plan(kept);
    // Its grant may have taken longer than its time.
    if (now >= kept.endsAt) this.#lostContact(kept, now);
  }

  #once(once: OneShotRenewal): void {
    this.#calls.set(once.call, once);
    this.#ask(once);
  }

  #leave(call: CallKey): void {
    const once = this.#calls.get(call);
    if (once) this.#forget(once);
    this.#calls.delete(call);
  }

  #ask(renewal: Renewal): void {
    renewal.askedOn = undefined;
    this.#toSend.add(renewal);
    // Waiting does not make a lease live longer.
    this.#due.set(renewal, renewal.endsAt);
  }

  #plan(renewal: Renewal): void {
    this.#due.set(renewal, nextCheckAt(renewal));
  }

  #sendAll(now: number): void {
    for (const renewal of this.#toSend) {
      if (this.#streams.readyAt > now) return;
      this.#toSend.delete(renewal);
      this.#streams.send(renewal, now);
      this.#plan(renewal);
    }
  }

  // What comes of it.

  #opened(key: StreamKey, now: number): void {
    const stream = this.#streams.opened(key, now);
    if (!stream) return;
    for (const renewal of stream.waiting()) {
      if (!isWanted(renewal)) continue;
      renewal.askedAt = now;
      this.#plan(renewal);
    }
  }

  #answered(key: StreamKey, lease: LeaseId, ttlMs: number, now: number): void {
    const asked = this.#streams.answered(key, lease, now);
    if (!asked) return;
    const { by, sentAt } = asked;
    if (by.askedOn?.key === key) by.askedOn = undefined;
    const kept = this.#kept.get(lease);
    if (kept && isAbout(asked, kept)) {
      if (ttlMs <= 0) this.#finish(kept, 'expired');
      else this.#renewed(kept, sentAt, ttlMs);
    }
    if (by.type === 'once' && isWanted(by)) {
      this.#settle(by, ttlMs > 0 ? { type: 'renewed', ttlMs } : { type: 'gone' });
    }
  }

  #renewed(kept: HeldRenewal, sentAt: number, ttlMs: number): void {
    renewed(kept, sentAt, ttlMs, this.#random);
    // Nothing is asked for that was answered elsewhere meanwhile.
    if (!kept.askedOn) this.#toSend.delete(kept);
    this.#plan(kept);
  }

  #lost(key: StreamKey, error: EtcdError, now: number): void {
    const { again, ended } = this.#streams.lost(key, error, now, maxReopenPauseMs(this.#kept.values()));
    for (const renewal of again) if (isWanted(renewal)) this.#ask(renewal);
    if (!ended) return;
    const { lease } = ended.asked.by;
    const kept = this.#kept.get(lease);
    if (kept && !isAbout(ended.asked, kept)) return;
    this.#finish(kept, ended.reason, withCause(error));
    for (const once of [...this.#calls.values()]) {
      if (once.lease === lease) this.#settle(once, { type: 'refused', error });
    }
  }

  #tokenFailed(error: EtcdError): void {
    this.#streams.token();
    if (error.verdict !== 'final') return;
    for (const kept of [...this.#kept.values()]) this.#finish(kept, 'unauthorized', withCause(error));
    for (const once of [...this.#calls.values()]) this.#settle(once, { type: 'refused', error });
  }

  // What time brings.

  #tellLost(now: number): void {
    this.#earliestEnd = Number.POSITIVE_INFINITY;
    for (const kept of [...this.#kept.values()]) {
      const { endsAt } = kept;
      if (now >= endsAt) this.#lostContact(kept, now);
      else this.#earliestEnd = Math.min(this.#earliestEnd, endsAt);
    }
  }

  #runDue(now: number, wasPaused: boolean): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (let first = this.#due.first; first; first = this.#due.first) {
      if (first.dueAt - earlyToleranceMs(first) > now) return;
      this.#lookAt(first, now, wasPaused);
    }
  }

  #lookAt(renewal: Renewal, now: number, wasPaused: boolean): void {
    if (now >= renewal.endsAt) {
      if (renewal.type === 'once') this.#settle(renewal, { type: 'late', cause: this.#streams.failure });
      else this.#lostContact(renewal, now);
    } else if (!renewal.askedOn) {
      this.#ask(renewal);
    } else if (nextCheckAt(renewal) > now) {
      this.#plan(renewal); // something was heard meanwhile
    } else if (wasPaused) {
      // The answer may be there already, unread: the member is not to blame for our own sleep.
      renewal.askedAt = now - (renewal.responseTimeoutMs * 3) / 4;
      this.#plan(renewal);
    } else {
      this.#askElsewhere(renewal);
    }
  }

  #askElsewhere(renewal: Renewal): void {
    if (renewal.askedOn && this.#streams.isCurrent(renewal.askedOn)) {
      for (const other of this.#streams.move()) if (isWanted(other)) this.#ask(other);
    } else {
      this.#ask(renewal);
    }
  }

  // How it ends.

  #lostContact(kept: HeldRenewal, now: number): void {
    const unacknowledgedMs = now - sentBefore(kept.endsAt, kept.ttlMs);
    this.#finish(kept, 'lost-contact', { unacknowledgedMs, ...withCause(this.#streams.failure) });
  }

  #finish(kept: HeldRenewal | undefined, reason: LeaseEndReason, details?: Omit<LeaseEnd, 'reason'>): void {
    if (!kept) return;
    this.#kept.delete(kept.lease);
    this.#forget(kept);
    this.#effects.push({ type: 'finish', lease: kept.lease, end: { reason, ...details } });
  }

  #settle(once: OneShotRenewal, outcome: OneShotOutcome): void {
    this.#calls.delete(once.call);
    this.#forget(once);
    this.#effects.push({ type: 'settle', call: once.call, lease: once.lease, outcome });
  }

  #forget(renewal: Renewal): void {
    this.#due.remove(renewal);
    this.#toSend.delete(renewal);
    this.#streams.clearSuspect(renewal.lease);
  }

  #close(): void {
    for (const kept of [...this.#kept.values()]) this.#finish(kept, 'closed');
    for (const once of [...this.#calls.values()]) this.#settle(once, { type: 'closed' });
    this.#streams.close();
  }

  #rest(now: number): void {
    if (this.#kept.size + this.#calls.size > 0 || !this.#streams.any) {
      this.#idleAt = Number.POSITIVE_INFINITY;
    } else if (now >= this.#idleAt) {
      this.#streams.close();
      this.#idleAt = Number.POSITIVE_INFINITY;
    } else if (this.#idleAt === Number.POSITIVE_INFINITY) {
      this.#idleAt = now + idleMs;
    }
  }

  /** A timer that is early does no harm, and setting it anew for each answer would cost more. */
  #arm(now: number): void {
    let at = Math.min(this.#due.first?.dueAt ?? Number.POSITIVE_INFINITY, this.#idleAt);
    if (this.#toSend.size > 0) at = Math.min(at, this.#streams.readyAt);
    // What is overdue makes no timer late that is only set now.
    at = Math.max(at, now);
    const isIdle = at === Number.POSITIVE_INFINITY;
    if (isIdle ? this.#wakeAt === at : at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#effects.push({ type: 'wake-at', at });
  }
}

/** Whether the request is about this lease, and not about an earlier one of the same id. */
function isAbout({ by, sentAt }: Asked, kept: HeldRenewal): boolean {
  return by === kept || sentAt >= kept.since;
}

function withCause(cause: EtcdError | undefined): { readonly cause?: EtcdError } {
  return cause ? { cause } : {};
}
