import { backoffDelay } from '../../async/index.js';
import type { EtcdError } from '../../errors/index.js';
import type { MemberFailure } from '../call/retry-rule.js';
import type { Member } from './member.js';

/** How long an unhealthy member is ejected: doubling, with jitter. It is still dialled if no other member is healthy. */
const ejectionBackoff = { baseMs: 1_000, maxMs: 30_000 };
/** A member with calls in flight that sends no answer for this time is unresponsive: new calls use another member. */
const responseTimeoutMs = 3_000;
/** A member that fails again within this time is flapping: its ejection backoff continues. */
const stableAfterMs = 60_000;

/** Why a member is being avoided, and until when. */
export class MemberHealth {
  readonly member: Member;
  /** Undefined while the member is healthy. */
  failure: MemberFailure | undefined;
  /** The error behind the last failure, if there was one. */
  lastError: EtcdError | undefined;
  #failures = 0;
  #ejectedUntil = 0;
  #recoveredAt = 0;
  #unanswered = 0;
  /** The time of the last answer, or of the first call in flight if that is later. */
  #lastHeardAt = 0;
  /** The duration for which earlier calls were unanswered, since the last answer. */
  #silentMs = 0;

  constructor(member: Member) {
    this.member = member;
  }

  /** When the ejection ends. */
  get ejectedUntil(): number {
    return this.#ejectedUntil;
  }

  /** Whether the member can take a call immediately. */
  readyAt(now: number): boolean {
    return (
      this.failure === undefined && !this.#isUnresponsiveAt(now) && this.member.readyChannel !== undefined
    );
  }

  /** The member's rank for a call: 0 if healthy, 0.5 if unresponsive, above 1 if ejected; the longer, the higher. */
  penaltyAt(now: number): number {
    if (this.failure !== undefined) return 1 + Math.max(0, this.#ejectedUntil - now);
    return this.#isUnresponsiveAt(now) ? 0.5 : 0;
  }

  markUnhealthy(failure: MemberFailure, now: number, random: () => number, error?: EtcdError): void {
    if (error || this.failure !== failure) this.lastError = error;
    const wasHealthy = this.failure === undefined;
    const startsEjection = wasHealthy || now >= this.#ejectedUntil;
    this.failure = failure;
    // One lost connection fails many calls; count it once.
    if (!startsEjection) return;
    if (wasHealthy && now - this.#recoveredAt > stableAfterMs) this.#failures = 0;
    this.#ejectedUntil = now + backoffDelay(ejectionBackoff, this.#failures++, random);
  }

  /** Ends the ejection. Returns whether the member was unhealthy. */
  markHealthy(now: number): boolean {
    if (this.failure === undefined) return false;
    this.failure = undefined;
    this.#recoveredAt = now;
    return true;
  }

  callSent(now: number): void {
    if (this.#unanswered++ === 0) this.#lastHeardAt = now;
  }

  /** @param answered Whether the member answered. An error from the member counts as an answer. */
  callSettled(now: number, answered: boolean): void {
    this.#unanswered--;
    if (!answered) {
      if (this.#unanswered === 0) this.#silentMs += now - this.#lastHeardAt;
      return;
    }
    this.#lastHeardAt = now;
    this.#silentMs = 0;
  }

  /** How long calls have been unanswered since the last answer, including calls that have timed out. */
  silentMs(now: number): number {
    return this.#silentMs + (this.#unanswered > 0 ? now - this.#lastHeardAt : 0);
  }

  /** How long the calls in flight have been without an answer; undefined if none is in flight. */
  unansweredMs(now: number): number | undefined {
    return this.#unanswered > 0 ? now - this.#lastHeardAt : undefined;
  }

  #isUnresponsiveAt(now: number): boolean {
    return this.#unanswered > 0 && now - this.#lastHeardAt > responseTimeoutMs;
  }
}
