import { BalancedEndpoint, type SeatState } from './balanced-endpoint.js';
import { EdfScheduler } from './edf-scheduler.js';
import type { BalanceOptions } from './options.js';
import { OwedTurns } from './owed-turns.js';
import type { Traits } from './traits.js';

export interface BalancePorts {
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
}

/** A newcomer begins with this part of its share: with none at all it would never warm up. */
const coldShare = 0.1;
/** A zone that has lost up to three tenths of its endpoints can still carry all of its calls. */
const overprovision = 1.4;

/** Endpoints of one class: those of a better one are preferred. */
class Tier<T> {
  readonly schedule: EdfScheduler<BalancedEndpoint<T>>;
  readonly counts: Record<SeatState, number> = { connecting: 0, ready: 0, failed: 0 };

  constructor(random: () => number) {
    this.schedule = new EdfScheduler(random);
  }

  get hasHope(): boolean {
    return this.counts.ready + this.counts.connecting > 0;
  }
}

/**
 * Who gets the next call: by weight, near ones before far ones, newcomers slowly, those that drain not at all while
 * there is any other. Pure but for the clock and the random numbers it is given.
 *
 * While it starts, that is, from `begin()` until each endpoint of the best class has connected or failed, it gives
 * turns to the endpoints that are still connecting as well: otherwise the first calls would go to whichever connects
 * first. Such a call waits, and its turn is owed to it.
 */
export class Balance<T> {
  readonly #options: BalanceOptions;
  readonly #ports: BalancePorts;
  readonly #near: Tier<T>;
  readonly #far: Tier<T>;
  readonly #lastResort: Tier<T>;
  readonly #tiers: readonly Tier<T>[];
  readonly #seats = new Set<BalancedEndpoint<T>>();
  readonly #owed = new OwedTurns<BalancedEndpoint<T>>();
  #starting = false;
  /** Calls that wait can have another turn. */
  #redraw = false;
  /** By weight, of the endpoints of the preferred zone that take calls: all of them, and those that are ready. */
  #nearWeight = 0;
  #nearReadyWeight = 0;
  #nearCredit = 0;

  constructor(options: BalanceOptions, ports: BalancePorts) {
    this.#options = options;
    this.#ports = ports;
    this.#near = new Tier(ports.random);
    this.#far = new Tier(ports.random);
    this.#lastResort = new Tier(ports.random);
    this.#tiers = [this.#near, this.#far, this.#lastResort];
  }

  /** Whether a call could go somewhere now. While starting, endpoints of lesser classes do not count. */
  get isOpen(): boolean {
    if (this.#starting) return (this.#best?.counts.ready ?? 0) > 0;
    return this.#tiers.some(({ counts }) => counts.ready > 0);
  }

  get isConnecting(): boolean {
    return this.#tiers.some(({ counts }) => counts.connecting > 0);
  }

  get isStarting(): boolean {
    return this.#starting;
  }

  /** How many calls wait for an endpoint that was given to them. */
  get owed(): number {
    return this.#owed.total;
  }

  /** Whether calls that wait should ask again; asking resets it. */
  takeNews(): boolean {
    const news = this.#redraw || this.#owed.hasDue;
    this.#redraw = false;
    return news;
  }

  /** 0 is the best class: the calls of a channel that starts go to no other while it may connect. */
  rank(traits: Traits): number {
    return this.#tiers.indexOf(this.#tierOf(traits));
  }

  /** A new endpoint, which connects. */
  add(item: T, traits: Traits): BalancedEndpoint<T> {
    const seat = new BalancedEndpoint(item, traits, (since) => this.#warmth(since));
    this.#seats.add(seat);
    this.#enter(seat);
    return seat;
  }

  remove(seat: BalancedEndpoint<T>): void {
    if (!this.#seats.delete(seat)) return;
    this.#leave(seat);
    this.#settle();
  }

  /** Its metadata has changed; its turns go on where they were unless it changes sides. */
  updateTraits(seat: BalancedEndpoint<T>, traits: Traits): void {
    if (this.#tierOf(traits) === this.#tierOf(seat.traits)) {
      this.#count(seat, -1);
      seat.traits = traits;
      this.#count(seat, 1);
      this.#tierOf(traits).schedule.reweigh(seat);
      return;
    }
    this.#leave(seat);
    seat.traits = traits;
    this.#enter(seat);
    this.#settle();
  }

  /** `newcomer`: it was not there when this process began to call the service, so its caches may be cold. */
  setState(seat: BalancedEndpoint<T>, state: SeatState, newcomer = false): void {
    if (seat.state === state) return;
    if (state === 'ready' && newcomer && this.#options.slowStartMs) seat.warmingSince = this.#ports.now();
    const { schedule } = this.#tierOf(seat.traits);
    this.#count(seat, -1);
    seat.state = state;
    this.#count(seat, 1);
    if (!this.#takesTurns(seat)) schedule.remove(seat);
    else schedule.add(seat);
    if (state === 'ready') this.#owed.connected(seat);
    else this.#cancelOwed(seat);
    this.#settle();
  }

  /** Begins to give turns to those that are connecting, too. */
  begin(): void {
    this.#starting = true;
    for (const seat of this.#seats)
      if (seat.state === 'connecting') this.#tierOf(seat.traits).schedule.add(seat);
    this.#settle();
  }

  /** Only those that are connected have turns from now on: calls that wait for another ask again. */
  end(): void {
    if (!this.#starting) return;
    this.#starting = false;
    for (const seat of this.#seats) {
      if (seat.state !== 'connecting') continue;
      this.#tierOf(seat.traits).schedule.remove(seat);
      this.#cancelOwed(seat);
    }
  }

  /** Who gets the next call; undefined when it has to wait. */
  pick(): BalancedEndpoint<T> | undefined {
    return this.#starting ? this.#pickStarting() : this.#pickReady();
  }

  /** Who gets a call that has waited before; undefined when it has to wait on. */
  pickOwed(): BalancedEndpoint<T> | undefined {
    return this.#owed.take();
  }

  #pickStarting(): BalancedEndpoint<T> | undefined {
    const seat = this.#best?.schedule.next();
    if (seat === undefined || seat.state === 'ready') return seat;
    this.#owed.add(seat);
    return undefined;
  }

  #pickReady(): BalancedEndpoint<T> | undefined {
    const [near, far] = [this.#near.schedule, this.#far.schedule];
    if (near.size === 0) return far.next() ?? this.#lastResort.schedule.next();
    if (far.size === 0) return near.next();
    // The share of the near ones, paid out evenly: at 0.75 every fourth call goes far.
    this.#nearCredit += this.#nearShare();
    if (this.#nearCredit < 1) return far.next();
    this.#nearCredit -= 1;
    return near.next();
  }

  get #best(): Tier<T> | undefined {
    return this.#tiers.find(({ hasHope }) => hasHope);
  }

  /** The start is over once nothing of the best class is still to come. */
  #settle(): void {
    if (this.#starting && !this.#best?.counts.connecting) this.end();
  }

  #takesTurns({ state }: BalancedEndpoint<T>): boolean {
    return state === 'ready' || (this.#starting && state === 'connecting');
  }

  #enter(seat: BalancedEndpoint<T>): void {
    this.#count(seat, 1);
    if (this.#takesTurns(seat)) this.#tierOf(seat.traits).schedule.add(seat);
  }

  #leave(seat: BalancedEndpoint<T>): void {
    this.#count(seat, -1);
    this.#tierOf(seat.traits).schedule.remove(seat);
    this.#cancelOwed(seat);
  }

  #cancelOwed(seat: BalancedEndpoint<T>): void {
    if (this.#owed.cancel(seat)) this.#redraw = true;
  }

  #nearShare(): number {
    if (this.#nearWeight === 0) return 1;
    return Math.min(1, (overprovision * this.#nearReadyWeight) / this.#nearWeight);
  }

  #warmth(since: number): number {
    const { slowStartMs = 0 } = this.#options;
    const age = this.#ports.now() - since;
    return age >= slowStartMs ? 1 : Math.max(coldShare, age / slowStartMs);
  }

  #tierOf({ draining, weight, zone }: Traits): Tier<T> {
    if (draining || weight === 0) return this.#lastResort;
    const { zone: own } = this.#options;
    return own === undefined || zone === own ? this.#near : this.#far;
  }

  #count(seat: BalancedEndpoint<T>, sign: 1 | -1): void {
    const tier = this.#tierOf(seat.traits);
    tier.counts[seat.state] += sign;
    if (tier !== this.#near) return;
    this.#nearWeight += sign * seat.traits.weight;
    if (seat.state === 'ready') this.#nearReadyWeight += sign * seat.traits.weight;
  }
}
