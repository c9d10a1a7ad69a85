import { backoffDelay, type Clock, delay, raceAbort, within } from '../async/index.js';
import { ClosedError, DeadlineError, EtcdError } from '../errors/index.js';
import type { Member } from './member.js';

/** How long a member that failed is stepped around: doubling, jittered, while another one will do. */
const stepAside = { baseMs: 1_000, maxMs: 10_000 };
/** How long to wait between rounds over all members when none of them can be reached. */
const nextRound = { baseMs: 100, maxMs: 1_000 };

const notSent = { verdict: 'not-applied' } as const;

interface Standing {
  readonly member: Member;
  failures: number;
  avoidUntil: number;
}

/** Chooses the member to talk to: stays with the one that answers, steps aside from one that failed. */
export class MemberPool {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #standings: Standing[];
  #current: number;
  #closed = false;

  constructor(members: readonly Member[], clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#standings = members.map((member) => ({ member, failures: 0, avoidUntil: 0 }));
    this.#current = Math.floor(random() * members.length);
  }

  get endpoints(): readonly string[] {
    return this.#standings.map(({ member }) => member.endpoint);
  }

  /** The member in use if it can take a call at this moment; the path of nearly every call. */
  get ready(): Member | undefined {
    const standing = this.#standings[this.#current];
    if (this.#closed || !standing || standing.failures > 0) return undefined;
    return standing.member.ready ? standing.member : undefined;
  }

  /**
   * A connected member, however many rounds it takes.
   * @throws {DeadlineError} naming every member and its trouble, verdict `not-applied`, when the deadline (on the
   *   pool's clock) passes first; the signal's own reason; or {ClosedError}.
   */
  async connect(deadline: number, signal?: AbortSignal): Promise<Member> {
    for (let round = 0; ; round++) {
      const troubles: string[] = [];
      for (const standing of this.#inOrder()) {
        this.#throwIfClosed();
        signal?.throwIfAborted();
        const trouble = await this.#tryConnect(standing, deadline, signal);
        if (trouble === undefined) return standing.member;
        troubles.push(trouble);
      }
      const pause = Math.min(50 + backoffDelay(nextRound, round, this.#random), deadline - this.#clock.now());
      if (!(pause > 0)) throw unreachable(troubles);
      await delay(pause, signal, { unref: true }); // whoever waits for this holds the process, or wishes not to
    }
  }

  /** The member answered: it is the one to stay with. */
  praise(member: Member): void {
    const standing = this.#standings.find((one) => one.member === member);
    if (standing) standing.failures = 0;
  }

  /** The member failed in a way another might not: unreachable, silent, leaderless. */
  blame(member: Member): void {
    const standing = this.#standings.find((one) => one.member === member);
    if (!standing) return;
    standing.avoidUntil = this.#clock.now() + backoffDelay(stepAside, standing.failures, this.#random);
    standing.failures++;
    if (this.#standings[this.#current] === standing)
      this.#current = (this.#current + 1) % this.#standings.length;
  }

  close(): void {
    this.#closed = true;
    for (const { member } of this.#standings) member.close();
  }

  async #tryConnect(standing: Standing, deadline: number, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const late = () =>
        new DeadlineError(`member ${standing.member.endpoint}: not connected before the deadline`, notSent);
      await raceAbort(within(standing.member.connect(), deadline - this.#clock.now(), late), signal);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.#throwIfClosed();
      this.blame(standing.member);
      return error.message;
    }
    this.#current = this.#standings.indexOf(standing);
    return undefined;
  }

  /** From the current one round: those in good standing first, then those stepped around, soonest first. */
  #inOrder(): Standing[] {
    const now = this.#clock.now();
    const rotated = [...this.#standings.slice(this.#current), ...this.#standings.slice(0, this.#current)];
    const waits = (standing: Standing) => Math.max(0, standing.avoidUntil - now);
    return rotated.sort((a, b) => waits(a) - waits(b));
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('the client');
  }
}

function unreachable(troubles: readonly string[]): DeadlineError {
  return new DeadlineError(`no etcd member could be reached: ${troubles.join('; ')}`, notSent);
}
