import { backoffDelay } from '../async/index.js';
import type { Member } from './member.js';
import type { MemberTrouble } from './retry-rule.js';

/** How long a member in trouble is stepped around: doubling, jittered, while another one will do. */
const stepAside = { baseMs: 1_000, maxMs: 30_000 };
/** A member that gets into trouble again sooner than this is stepped around for longer each time: it comes and goes. */
const calmMs = 60_000;
/** How long a member may owe the answer to its oldest call before new ones go elsewhere. */
const patienceMs = 3_000;

/** What is held against a member, and until when. */
export class Standing {
  readonly member: Member;
  trouble: MemberTrouble | undefined;
  #failures = 0;
  #clearedAt = Number.NEGATIVE_INFINITY;
  #avoidUntil = 0;
  #unanswered = 0;
  #heardAt = 0;

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

  blame(trouble: MemberTrouble, now: number, random: () => number): void {
    if (this.trouble === undefined && now - this.#clearedAt > calmMs) this.#failures = 0;
    this.trouble = trouble;
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
    if (heard) this.#heardAt = now;
  }

  #owesAt(now: number): boolean {
    return this.#unanswered > 0 && now - this.#heardAt > patienceMs;
  }
}
