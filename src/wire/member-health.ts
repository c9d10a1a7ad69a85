import { backoffDelay } from '../async/index.js';
import type { EtcdError } from '../errors/index.js';
import type { Member } from './member.js';
import type { MemberFailure } from './retry-rule.js';

/** How long a member in trouble is stepped around: doubling, jittered, while another one will do. */
const ejectionBackoff = { baseMs: 1_000, maxMs: 30_000 };
/** How long a member may owe the answer to its oldest call before new ones go elsewhere. */
const responseTimeoutMs = 3_000;
/** A member that fails again sooner was not well: it comes and goes, or passes probes and fails what is asked of it. */
const stableAfterMs = 60_000;

/** What is held against a member, and until when. */
export class MemberHealth {
  readonly member: Member;
  failure: MemberFailure | undefined;
  #failures = 0;
  #ejectedUntil = 0;
  #recoveredAt = 0;
  /** What it last said, or did not, when it was blamed. */
  #lastError: EtcdError | undefined;
  #unanswered = 0;
  /** Since when whatever is unanswered is so. */
  #lastHeardAt = 0;
  /** For how long earlier calls were unanswered, and nothing was answered since. */
  #silentMs = 0;

  constructor(member: Member) {
    this.member = member;
  }

  /** When it is to be tried again. */
  get ejectedUntil(): number {
    return this.#ejectedUntil;
  }

  /** Whether a call may go there at once. */
  readyAt(now: number): boolean {
    return (
      this.failure === undefined && !this.#isUnresponsiveAt(now) && this.member.readyChannel !== undefined
    );
  }

  /** Orders members for a call: 0 is as good as any, more is worse. */
  penaltyAt(now: number): number {
    if (this.failure !== undefined) return 1 + Math.max(0, this.#ejectedUntil - now);
    return this.#isUnresponsiveAt(now) ? 0.5 : 0;
  }

  /** Why it is in trouble, where that is known. */
  get lastError(): EtcdError | undefined {
    return this.failure === undefined ? undefined : this.#lastError;
  }

  markUnhealthy(failure: MemberFailure, now: number, random: () => number, error?: EtcdError): void {
    if (error || this.failure !== failure) this.#lastError = error;
    const wasHealthy = this.failure === undefined;
    const startsEjection = wasHealthy || now >= this.#ejectedUntil;
    this.failure = failure;
    // Of five hundred calls that one cut ended, one counts.
    if (!startsEjection) return;
    if (wasHealthy && now - this.#recoveredAt > stableAfterMs) this.#failures = 0;
    this.#ejectedUntil = now + backoffDelay(ejectionBackoff, this.#failures++, random);
  }

  /** Whether that ended a trouble. */
  markHealthy(now: number): boolean {
    if (this.failure === undefined) return false;
    this.failure = undefined;
    this.#recoveredAt = now;
    return true;
  }

  callSent(now: number): void {
    if (this.#unanswered++ === 0) this.#lastHeardAt = now;
  }

  /** `answered`: the member said something, be it an error. */
  callSettled(now: number, answered: boolean): void {
    this.#unanswered--;
    if (!answered) {
      if (this.#unanswered === 0) this.#silentMs += now - this.#lastHeardAt;
      return;
    }
    this.#lastHeardAt = now;
    this.#silentMs = 0;
  }

  /** For how long calls were under way and nothing was answered: callers with short deadlines find out together. */
  silentMs(now: number): number {
    return this.#silentMs + (this.#unanswered > 0 ? now - this.#lastHeardAt : 0);
  }

  /** For how long nothing was answered while calls are under way; undefined when none is. */
  unansweredMs(now: number): number | undefined {
    return this.#unanswered > 0 ? now - this.#lastHeardAt : undefined;
  }

  #isUnresponsiveAt(now: number): boolean {
    return this.#unanswered > 0 && now - this.#lastHeardAt > responseTimeoutMs;
  }
}
