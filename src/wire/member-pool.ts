import { backoffDelay, type Clock, delay, raceAbort, withTimeout } from '../async/index.js';
import {
  ClosedError,
  DeadlineError,
  type EtcdError,
  noEtcdAmong,
  TlsError,
  type TriedMember,
} from '../errors/index.js';
import { describe } from './attempt-log.js';
import { ConnectRace } from './connect-race.js';
import type { Member } from './member.js';
import { MemberHealth } from './member-health.js';
import type { MemberFailure } from './retry-rule.js';

/** How long to wait between rounds over all members when none of them can be reached. */
const nextRound = { baseMs: 100, maxMs: 1_000 };
/** A caller who waited for a connection no longer than this learnt nothing about the member. */
const minConclusiveConnectMs = 500;
/** A member that was stepped around is asked again so long after that was to end, at the earliest. */
const probeAfterMs = 250;

const notSent = { verdict: 'not-applied' } as const;

/** What became of a member, for whoever watches the client. */
export type MemberEvent =
  | {
      readonly type: 'member-unhealthy';
      readonly endpoint: string;
      readonly failure: MemberFailure;
      /** How it showed, where it was not by silence. */
      readonly error?: EtcdError | undefined;
    }
  | { readonly type: 'member-recovered'; readonly endpoint: string }
  | { readonly type: 'members-changed'; readonly endpoints: readonly string[] };

export interface PoolPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks a member what a call would ask it; what it throws is held against it. */
  readonly probe: (member: Member) => Promise<MemberFailure | undefined>;
  readonly onEvent: (event: MemberEvent) => void;
}

/**
 * Chooses the member to talk to. Each client has a home, picked by chance so that a fleet spreads, and goes there
 * whenever it can: a member in trouble is stepped around, probed, and taken back.
 */
export class MemberPool {
  readonly #ports: PoolPorts;
  #members: MemberHealth[];
  #current: MemberHealth;
  #preferred: MemberHealth;
  readonly #probes = new Map<MemberHealth, () => void>();
  readonly #retired = new Set<Member>();
  #closed = false;

  /** @param members At least one. */
  constructor(members: readonly Member[], ports: PoolPorts) {
    this.#ports = ports;
    this.#members = members.map((member) => new MemberHealth(member));
    this.#preferred = this.#pickRandom();
    this.#current = this.#preferred;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get members(): readonly MemberHealth[] {
    return this.#members;
  }

  /** The member that this client would rather talk to. */
  get preferred(): Member {
    return this.#preferred.member;
  }

  get preferredIsHealthy(): boolean {
    return this.#preferred.failure === undefined;
  }

  /** The member in use if it can take a call at this moment; the path of nearly every call. */
  readyAt(now: number): MemberHealth | undefined {
    if (this.#closed) return undefined;
    // Left without trouble, for being slow to connect or to answer.
    if (this.#current !== this.#preferred && this.#preferred.readyAt(now)) this.#current = this.#preferred;
    return this.#current.readyAt(now) ? this.#current : undefined;
  }

  /** The members in trouble, and why. */
  failures(): TriedMember[] {
    return this.#members.flatMap(({ member, failure, lastError }) =>
      failure === undefined
        ? []
        : [{ member: member.endpoint, answer: lastError?.message ?? failure, times: 1 }],
    );
  }

  /** Whether a call that this member leaves unanswered could be asked of another one. */
  hasOthers(): boolean {
    return this.#members.length > 1;
  }

  /** What the members answer, where none of them looks like an etcd. */
  noEtcd(): EtcdError | undefined {
    const none = this.#members.every(({ failure }) => failure === 'not-etcd');
    return none ? noEtcdAmong(describe(this.failures())) : undefined;
  }

  /**
   * A connected member, however many rounds it takes.
   * @throws as `connectOnce`.
   */
  async connect(signal: AbortSignal): Promise<MemberHealth> {
    const { random } = this.#ports;
    for (let round = 0; ; round++) {
      const standing = await this.connectOnce(Number.POSITIVE_INFINITY, signal);
      if (standing) return standing;
      // Whoever waits for this holds the process, or wishes not to.
      await delay(50 + backoffDelay(nextRound, round, random), signal, { unref: true });
    }
  }

  /**
   * A connected member; undefined when none could be reached, or the deadline (on the pool's clock) passed first.
   * `onFailure` is called for each that could not be reached.
   * @throws {TlsError} where every member refuses our credentials or shows bad ones; the signal's own reason; or
   *   {ClosedError}.
   */
  async connectOnce(
    deadline: number,
    signal?: AbortSignal,
    onFailure: (member: Member, error: EtcdError) => void = () => {},
  ): Promise<MemberHealth | undefined> {
    this.#throwIfClosed();
    signal?.throwIfAborted();
    const errors: EtcdError[] = [];
    const standing = await this.#race(deadline, signal, (member, error) => {
      errors.push(error);
      onFailure(member, error);
    });
    this.#throwIfClosed();
    if (standing) this.#current = standing;
    // Waiting repairs no certificate. The next call tries again, and a stream after its pause.
    if (!standing && errors.every((error) => error instanceof TlsError)) throwAny(errors);
    return standing;
  }

  /** The member answered as it should. */
  markHealthy(standing: MemberHealth): void {
    if (!standing.markHealthy(this.#ports.clock.now())) return;
    this.#stopProbe(standing);
    this.#ports.onEvent({ type: 'member-recovered', endpoint: standing.member.endpoint });
    if (standing === this.#preferred) this.#current = standing;
  }

  /** The member failed in a way another might not: calls step around it until it was probed. */
  markUnhealthy(member: Member, failure: MemberFailure, error?: EtcdError): void {
    const standing = this.#members.find((one) => one.member === member);
    if (!standing || this.#closed) return;
    const { clock, random } = this.#ports;
    if (standing.failure !== failure)
      this.#ports.onEvent({ type: 'member-unhealthy', endpoint: member.endpoint, failure, error });
    standing.markUnhealthy(failure, clock.now(), random, error);
    if (this.#current === standing) this.#current = this.#inOrder()[0] ?? standing;
    this.#probeLater(standing);
  }

  /** The members to use from now on; those kept keep their connections and their standing. At least one. */
  replace(members: readonly Member[]): void {
    const before = this.#members;
    this.#members = members.map(
      (member) => before.find((one) => one.member === member) ?? new MemberHealth(member),
    );
    for (const standing of before) {
      if (this.#members.includes(standing)) continue;
      this.#stopProbe(standing);
      this.#retire(standing.member);
    }
    const same = before.length === this.#members.length && before.every((one) => this.#members.includes(one));
    if (same) return;
    // Drawn anew also when it is still there: clients that were given one and the same member would all stay on it.
    this.#preferred = this.#pickRandom();
    this.#current = this.#preferred;
    this.#ports.onEvent({
      type: 'members-changed',
      endpoints: this.#members.map(({ member }) => member.endpoint),
    });
  }

  close(): void {
    this.#closed = true;
    for (const standing of this.#members) {
      this.#stopProbe(standing);
      standing.member.close();
    }
    for (const member of this.#retired) member.close();
  }

  /** Calls under way on it may end; nothing new goes there. */
  #retire(member: Member): void {
    this.#retired.add(member);
    this.#ports.clock.setTimer(retireMs, () => {
      this.#retired.delete(member);
      member.close();
    });
  }

  /** One round over all members; undefined when none could be reached, or the deadline has passed. */
  async #race(
    deadline: number,
    signal: AbortSignal | undefined,
    onFailure: (member: Member, error: EtcdError) => void,
  ): Promise<MemberHealth | undefined> {
    const { clock } = this.#ports;
    const race = new ConnectRace(this.#inOrder(), clock, ({ member }, error) => {
      onFailure(member, error);
      this.markUnhealthy(member, 'unreachable', error);
    });
    const late = new DeadlineError('not connected before the deadline', notSent);
    try {
      return await raceAbort(
        withTimeout(race.winner, deadline - clock.now(), () => late),
        signal,
      );
    } catch (error) {
      if (error !== late) throw error;
      for (const { standing, forMs } of race.pending()) {
        onFailure(standing.member, late);
        if (forMs >= minConclusiveConnectMs) this.markUnhealthy(standing.member, 'unreachable');
      }
      return undefined;
    } finally {
      race.stop();
    }
  }

  #probeLater(standing: MemberHealth): void {
    this.#stopProbe(standing);
    const { clock } = this.#ports;
    const wait = Math.max(0, standing.ejectedUntil - clock.now()) + probeAfterMs;
    this.#probes.set(
      standing,
      clock.setTimer(wait, () => void this.#probe(standing)),
    );
  }

  async #probe(standing: MemberHealth): Promise<void> {
    const failure = await this.#ports.probe(standing.member).catch(() => 'unreachable' as const);
    if (this.#closed || standing.failure === undefined || !this.#members.includes(standing)) return;
    if (failure === undefined) this.markHealthy(standing);
    else this.markUnhealthy(standing.member, failure);
  }

  #stopProbe(standing: MemberHealth): void {
    this.#probes.get(standing)?.();
    this.#probes.delete(standing);
  }

  /** Home first, then from the one in use onwards; those in trouble last, soonest over first. */
  #inOrder(): MemberHealth[] {
    const now = this.#ports.clock.now();
    const from = this.#members.indexOf(this.#current);
    const rotated = [...this.#members.slice(from), ...this.#members.slice(0, from)];
    const order = (standing: MemberHealth) =>
      standing.penaltyAt(now) - (standing === this.#preferred ? preference : 0);
    return rotated.sort((a, b) => order(a) - order(b));
  }

  #pickRandom(): MemberHealth {
    const { random } = this.#ports;
    const standing = this.#members[Math.floor(random() * this.#members.length)];
    if (!standing) throw new TypeError('a pool needs a member');
    return standing;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('the client');
  }
}

/** Longer than any call that a careful caller makes. */
const retireMs = 60_000;
/** Home wins among equals, and loses to nobody in better standing. */
const preference = 0.25;

/** All of them as one; returns where there is none. */
function throwAny(errors: readonly TlsError[]): void {
  const [first, second] = errors;
  if (!first) return;
  if (!second) throw first;
  const tried = errors.flatMap((error) => error.tried);
  throw new TlsError(
    `no etcd member could be reached with TLS: ${describe(tried)}`,
    first.reason,
    tried,
    first,
  );
}
