import { backoffDelay } from '../async/index.js';
import type { EtcdError } from '../errors/index.js';
import type { Member } from './member.js';
import type { MemberTrouble } from './retry-rule.js';

/** How long a member in trouble is stepped around: doubling, jittered, while another one will do. */
const stepAside = { baseMs: 1_000, maxMs: 30_000 };
/** How long a member may owe the answer to its oldest call before new ones go elsewhere. */
const patienceMs = 3_000;
/** A member that fails again sooner was not well: it comes and goes, or passes probes and fails what is asked of it. */
const wellAfterMs = 60_000;

/** What is held against a member, and until when. */
export class Standing {
  readonly member: Member;
  trouble: MemberTrouble | undefined;
  #failures = 0;
  #avoidUntil = 0;
  #clearedAt = 0;
  /** What it last said, or did not, when it was blamed. */
  #lastError: EtcdError | undefined;
  #unanswered = 0;
  /** Since when whatever is unanswered is so. */
  #heardAt = 0;
  /** For how long earlier calls were unanswered, and nothing was heard since. */
  #silentMs = 0;

  constructor(member: Member) {
    this.member = member;
  }

  /** When it is to be tried again. */
  get avoidUntil(): number {
    return this.#avoidUntil;
  }

  /** Whether a call may go there at once. */
  readyAt(now: number): boolean {
    return this.trouble === undefined && !this.#owesAt(now) && this.member.ready !== undefined;
  }

  /** Orders members for a call: 0 is as good as any, more is worse. */
  reluctanceAt(now: number): number {
    if (this.trouble !== undefined) return 1 + Math.max(0, this.#avoidUntil - now);
    return this.#owesAt(now) ? 0.5 : 0;
  }

  /** Why it is in trouble, where that is known. */
  get lastError(): EtcdError | undefined {
    return this.trouble === undefined ? undefined : this.#lastError;
  }

  blame(trouble: MemberTrouble, now: number, random: () => number, error?: EtcdError): void {
    if (error || this.trouble !== trouble) this.#lastError = error;
    const wasWell = this.trouble === undefined;
    const isNews = wasWell || now >= this.#avoidUntil;
    this.trouble = trouble;
    // Of five hundred calls that one cut ended, one counts.
    if (!isNews) return;
    if (wasWell && now - this.#clearedAt > wellAfterMs) this.#failures = 0;
    this.#avoidUntil = now + backoffDelay(stepAside, this.#failures++, random);
  }

  /** Whether that ended a trouble. */
  clear(now: number): boolean {
    if (this.trouble === undefined) return false;
    this.trouble = undefined;
    this.#clearedAt = now;
    return true;
  }

  callSent(now: number): void {
    if (this.#unanswered++ === 0) this.#heardAt = now;
  }

  /** `heard`: the member said something, be it an error. */
  callSettled(now: number, heard: boolean): void {
    this.#unanswered--;
    if (!heard) {
      if (this.#unanswered === 0) this.#silentMs += now - this.#heardAt;
      return;
    }
    this.#heardAt = now;
    this.#silentMs = 0;
  }

  /** For how long calls were under way and nothing was heard: callers with short deadlines find out together. */
  silentMs(now: number): number {
    return this.#silentMs + (this.#unanswered > 0 ? now - this.#heardAt : 0);
  }

  /** For how long nothing was heard while calls are under way; undefined when none is. */
  unansweredMs(now: number): number | undefined {
    return this.#unanswered > 0 ? now - this.#heardAt : undefined;
  }

  #owesAt(now: number): boolean {
    return this.#unanswered > 0 && now - this.#heardAt > patienceMs;
  }
}
