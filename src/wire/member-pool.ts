import { backoffDelay, type Clock, delay, raceAbort, withTimeout } from '../async/index.js';
import {
  ClosedError,
  DeadlineError,
  type EtcdError,
  noEtcdError,
  TlsError,
  type TriedMember,
} from '../errors/index.js';
import { describeTried } from './attempt-log.js';
import { ConnectRace } from './connect-race.js';
import type { Member } from './member.js';
import { MemberHealth } from './member-health.js';
import type { MemberFailure } from './retry-rule.js';

/** How long to wait between rounds over all members when none of them can be reached. */
const roundPause = { baseMs: 100, maxMs: 1_000 };
/** A caller who waited for a connection no longer than this learnt nothing about the member. */
const minConclusiveConnectMs = 500;
/** A member that was stepped around is asked again so long after that was to end, at the earliest. */
const probeDelayMs = 250;

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
        : [{ member: member.endpoint, answer: lastError?.message ?? failure, attempts: 1 }],
    );
  }

  /** Whether a call that this member leaves unanswered could be asked of another one. */
  hasOthers(): boolean {
    return this.#members.length > 1;
  }

  /** What the members answer, where none of them looks like an etcd. */
  noEtcdError(): EtcdError | undefined {
    const none = this.#members.every(({ failure }) => failure === 'not-etcd');
    return none ? noEtcdError(describeTried(this.failures())) : undefined;
  }

  /**
   * A connected member, however many rounds it takes.
   * @throws as `connectOnce`.
   */
  async connect(signal: AbortSignal): Promise<MemberHealth> {
    const { random } = this.#ports;
    for (let round = 0; ; round++) {
      const health = await this.connectOnce(Number.POSITIVE_INFINITY, signal);
      if (health) return health;
      // Whoever waits for this holds the process, or wishes not to.
      await delay(50 + backoffDelay(roundPause, round, random), signal, { unref: true });
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
    const health = await this.#race(deadline, signal, (member, error) => {
      errors.push(error);
      onFailure(member, error);
    });
    this.#throwIfClosed();
    if (health) this.#current = health;
    // Waiting repairs no certificate. The next call tries again, and a stream after its pause.
    if (!health && errors.every((error) => error instanceof TlsError)) throwTlsErrors(errors);
    return health;
  }

  /** The member answered as it should. */
  markHealthy(health: MemberHealth): void {
    if (!health.markHealthy(this.#ports.clock.now())) return;
    this.#stopProbe(health);
    this.#ports.onEvent({ type: 'member-recovered', endpoint: health.member.endpoint });
    if (health === this.#preferred) this.#current = health;
  }

  /** The member failed in a way another might not: calls step around it until it was probed. */
  markUnhealthy(member: Member, failure: MemberFailure, error?: EtcdError): void {
    const health = this.#members.find((one) => one.member === member);
    if (!health || this.#closed) return;
    const { clock, random } = this.#ports;
    if (health.failure !== failure)
      this.#ports.onEvent({ type: 'member-unhealthy', endpoint: member.endpoint, failure, error });
    health.markUnhealthy(failure, clock.now(), random, error);
    if (this.#current === health) this.#current = this.#byPreference()[0] ?? health;
    this.#probeLater(health);
  }

  /** The members to use from now on; those kept keep their connections and their health. At least one. */
  replace(members: readonly Member[]): void {
    const before = this.#members;
    this.#members = members.map(
      (member) => before.find((one) => one.member === member) ?? new MemberHealth(member),
    );
    for (const health of before) {
      if (this.#members.includes(health)) continue;
      this.#stopProbe(health);
      this.#retire(health.member);
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
    for (const health of this.#members) {
      this.#stopProbe(health);
      health.member.close();
    }
    for (const member of this.#retired) member.close();
  }

  /** Calls under way on it may end; nothing new goes there. */
  #retire(member: Member): void {
    this.#retired.add(member);
    this.#ports.clock.setTimer(retirementMs, () => {
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
    const race = new ConnectRace(this.#byPreference(), clock, ({ member }, error) => {
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
      for (const { health, elapsedMs } of race.pending()) {
        onFailure(health.member, late);
        if (elapsedMs >= minConclusiveConnectMs) this.markUnhealthy(health.member, 'unreachable');
      }
      return undefined;
    } finally {
      race.stop();
    }
  }

  #probeLater(health: MemberHealth): void {
    this.#stopProbe(health);
    const { clock } = this.#ports;
    const wait = Math.max(0, health.ejectedUntil - clock.now()) + probeDelayMs;
    this.#probes.set(
      health,
      clock.setTimer(wait, () => void this.#probe(health)),
    );
  }

  async #probe(health: MemberHealth): Promise<void> {
    const failure = await this.#ports.probe(health.member).catch(() => 'unreachable' as const);
    if (this.#closed || health.failure === undefined || !this.#members.includes(health)) return;
    if (failure === undefined) this.markHealthy(health);
    else this.markUnhealthy(health.member, failure);
  }

  #stopProbe(health: MemberHealth): void {
    this.#probes.get(health)?.();
    this.#probes.delete(health);
  }

  /** Home first, then from the one in use onwards; those in trouble last, soonest over first. */
  #byPreference(): MemberHealth[] {
    const now = this.#ports.clock.now();
    const from = this.#members.indexOf(this.#current);
    const rotated = [...this.#members.slice(from), ...this.#members.slice(0, from)];
    const order = (health: MemberHealth) =>
      health.penaltyAt(now) - (health === this.#preferred ? preferredBonus : 0);
    return rotated.sort((a, b) => order(a) - order(b));
  }

  #pickRandom(): MemberHealth {
    const { random } = this.#ports;
    const health = this.#members[Math.floor(random() * this.#members.length)];
    if (!health) throw new TypeError('a pool needs a member');
    return health;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('the client');
  }
}

/** Longer than any call that a careful caller makes. */
const retirementMs = 60_000;
/** Home wins among equals, and loses to nobody in better health. */
const preferredBonus = 0.25;

/** All of them as one; returns where there is none. */
function throwTlsErrors(errors: readonly TlsError[]): void {
  const [first, second] = errors;
  if (!first) return;
  if (!second) throw first;
  const tried = errors.flatMap((error) => error.tried);
  throw new TlsError(
    `no etcd member could be reached with TLS: ${describeTried(tried)}`,
    first.reason,
    tried,
    first,
  );
}
