import {
  backoffDelay,
  type Clock,
  delay,
  raceAbort,
  resolvesWithin,
  withTimeout,
} from '../../async/index.js';
import {
  ClosedError,
  DeadlineError,
  type EtcdError,
  noEtcdError,
  TlsError,
  type TriedMember,
} from '../../errors/index.js';
import { describeTried } from '../call/attempt-log.js';
import type { MemberFailure } from '../call/retry-rule.js';
import { ConnectRace } from './connect-race.js';
import { MemberHealth } from './health.js';
import type { Member } from './member.js';
import type { MemberEvent } from './member-event.js';
import { throwTlsErrors } from './tls-errors.js';

/** The pause between rounds over all members while none can be reached. */
const roundPause = { baseMs: 100, maxMs: 1_000 };
/** A connection attempt that was given less time than this says nothing about the member. */
const minConclusiveConnectMs = 500;
/** The delay between the end of an ejection and the probe. */
const probeDelayMs = 250;

const notSent = { verdict: 'not-applied' } as const;

/** What a pool needs from its owner. */
export interface PoolPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Sends a request with the same needs as a call, and returns the member's failure if there is one. */
  readonly probe: (member: Member) => Promise<MemberFailure | undefined>;
  readonly onEvent: (event: MemberEvent) => void;
  /** Called before members are dialled. Returns a wait until their names are resolved; undefined when they are. */
  readonly prepare?: () => Promise<void> | undefined;
}

/**
 * Selects the member for each call. Each client prefers one member, drawn at random so that a fleet spreads over the
 * cluster. Unhealthy members are skipped until a probe succeeds.
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
    this.#preferred = pickRandom(this.#members, ports.random);
    this.#current = this.#preferred;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get members(): readonly MemberHealth[] {
    return this.#members;
  }

  /** The member that this client uses while it is healthy. */
  get preferred(): Member {
    return this.#preferred.member;
  }

  get preferredIsHealthy(): boolean {
    return this.#preferred.failure === undefined;
  }

  /** The member in use if it can take a call immediately. Nearly every call takes this path. */
  readyAt(now: number): MemberHealth | undefined {
    if (this.#closed) return undefined;
    // A preferred member that was slow to connect or to answer was left without being unhealthy; no event ends that.
    if (this.#current !== this.#preferred && this.#preferred.readyAt(now)) this.#current = this.#preferred;
    return this.#current.readyAt(now) ? this.#current : undefined;
  }

  /** The unhealthy members, each with its failure. */
  failures(): TriedMember[] {
    return this.#members.flatMap(({ member, failure, lastError }) =>
      failure === undefined
        ? []
        : [{ member: member.endpoint, answer: lastError?.message ?? failure, attempts: 1 }],
    );
  }

  /** Whether the client has another member to which it can send a call that one member does not answer. */
  hasOthers(): boolean {
    return this.#members.length > 1;
  }

  /** The error to reject with if every member is a server other than etcd, else undefined. */
  noEtcdError(): EtcdError | undefined {
    const none = this.#members.every(({ failure }) => failure === 'not-etcd');
    return none ? noEtcdError(describeTried(this.failures())) : undefined;
  }

  /**
   * Returns a connected member, after as many rounds as that takes.
   * @throws as `connectOnce`.
   */
  async connect(signal: AbortSignal): Promise<MemberHealth> {
    const { clock, random } = this.#ports;
    for (let round = 0; ; round++) {
      const health = await this.connectOnce(Number.POSITIVE_INFINITY, signal);
      if (health) return health;
      // The caller decides whether the wait keeps the process alive.
      await delay(50 + backoffDelay(roundPause, round, random), signal, { clock });
    }
  }

  /**
   * Returns a connected member; undefined if none could be reached before the deadline (on the pool's clock).
   * @param onFailure Called for each member that could not be reached.
   * @throws {TlsError} if TLS fails with every member; the signal's own reason; {ClosedError}.
   */
  async connectOnce(
    deadline: number,
    signal?: AbortSignal,
    onFailure: (member: Member, error: EtcdError) => void = () => {},
  ): Promise<MemberHealth | undefined> {
    this.#throwIfClosed();
    signal?.throwIfAborted();
    await this.#prepare(deadline, signal);
    const errors: EtcdError[] = [];
    const health = await this.#race(deadline, signal, (member, error) => {
      errors.push(error);
      onFailure(member, error);
    });
    this.#throwIfClosed();
    if (health) this.#current = health;
    // Waiting does not repair a certificate. The next call tries again, as does a stream after its pause.
    if (!health && errors.every((error) => error instanceof TlsError)) throwTlsErrors(errors);
    return health;
  }

  /** Ends the member's ejection after an answer. */
  markHealthy(health: MemberHealth): void {
    if (!health.markHealthy(this.#ports.clock.now())) return;
    this.#stopProbe(health);
    this.#ports.onEvent({ type: 'member-recovered', endpoint: health.member.endpoint });
  }

  /** Ejects a member after a failure that other members may not have: calls skip it until a probe succeeds. */
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

  /** Replaces the members, at least one. Members that stay keep their connections and their health. */
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
    this.#preferred = this.#drawPreferred(before);
    this.#current = this.#preferred;
    const endpoints = this.#members.map(({ member }) => member.endpoint);
    if (!isFirstResolution(before, endpoints)) this.#ports.onEvent({ type: 'members-changed', endpoints });
  }

  /**
   * The preferred member after a change of the list. It stays unless it was removed, but each new member is as likely to
   * be preferred as each old one: clients with the same single seed would otherwise all stay on it.
   */
  #drawPreferred(before: readonly MemberHealth[]): MemberHealth {
    const added = this.#members.filter((health) => !before.includes(health));
    const { random } = this.#ports;
    const stays = this.#members.includes(this.#preferred) && random() >= added.length / this.#members.length;
    if (stays) return this.#preferred;
    return pickRandom(this.#members.includes(this.#preferred) ? added : this.#members, random);
  }

  close(): void {
    this.#closed = true;
    for (const health of this.#members) {
      this.#stopProbe(health);
      health.member.close();
    }
    for (const member of this.#retired) member.close();
  }

  /** Lets calls in flight finish on the member, which gets no new ones. */
  #retire(member: Member): void {
    this.#retired.add(member);
    this.#ports.clock.setTimer(retirementMs, () => {
      this.#retired.delete(member);
      member.close();
    });
  }

  /** One round over all members. Returns undefined if none could be reached before the deadline. */
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
    const timeoutError = new DeadlineError('not connected before the deadline', notSent);
    try {
      return await withTimeout(race.winner, deadline - clock.now(), () => timeoutError, { clock, signal });
    } catch (error) {
      if (error !== timeoutError) throw error;
      for (const { health, elapsedMs } of race.pending()) {
        onFailure(health.member, timeoutError);
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

  /**
   * The members in the order in which they are dialled: the preferred one, then the others, starting with the one in use;
   * unhealthy members last, ordered by the end of their ejection.
   */
  #byPreference(): MemberHealth[] {
    const now = this.#ports.clock.now();
    const from = this.#members.indexOf(this.#current);
    const rotated = [...this.#members.slice(from), ...this.#members.slice(0, from)];
    const order = (health: MemberHealth) =>
      health.penaltyAt(now) - (health === this.#preferred ? preferredBonus : 0);
    return rotated.sort((a, b) => order(a) - order(b));
  }

  /** Waits for the first answers of DNS, if there are names, but not long: other members may be known. */
  async #prepare(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { prepare, clock } = this.#ports;
    const prepared = prepare?.();
    if (!prepared) return;
    const waitMs = Math.min(resolutionWaitMs, Math.max(0, deadline - clock.now()));
    await raceAbort(resolvesWithin(prepared, waitMs, clock), signal);
    this.#throwIfClosed();
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('the client');
  }
}

/** How long a removed member stays connected for its calls. Longer than any reasonable deadline. */
const retirementMs = 60_000;
/** How long a dial waits for the first answers of DNS. */
const resolutionWaitMs = 1_000;
/** Puts the preferred member first among members of equal health, and never before a healthier one. */
const preferredBonus = 0.25;

function pickRandom(members: readonly MemberHealth[], random: () => number): MemberHealth {
  const health = members[Math.floor(random() * members.length)];
  if (!health) throw new TypeError('a pool needs a member');
  return health;
}

/** Whether the change only replaces healthy members that had no address by members with the same endpoints. */
function isFirstResolution(before: readonly MemberHealth[], endpoints: readonly string[]): boolean {
  return (
    before.length === endpoints.length &&
    before.every(
      ({ member, failure }, at) =>
        member.endpoint === endpoints[at] && failure === undefined && member.isUnresolved,
    )
  );
}
