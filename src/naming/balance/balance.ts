import { Schedule, type Turn } from './schedule.js';
import type { Traits } from './traits.js';

export interface BalanceOptions {
  /** The zone to prefer. Default: none, all endpoints are alike. */
  readonly zone?: string | undefined;
  /** How long a newcomer takes to reach its full share, in milliseconds. Default 0: at once. */
  readonly slowStartMs?: number | undefined;
}

export interface BalancePorts {
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
}

/** A newcomer begins with this part of its share: with none at all it would never warm up. */
const coldShare = 0.1;
/** A zone that has lost up to three tenths of its endpoints can still carry all of its calls. */
const overprovision = 1.4;

/** An endpoint that can be picked, as the one who picks sees it. */
export class Seat<T> implements Turn {
  readonly item: T;
  traits: Traits;
  /** Whether calls can go there now. */
  ready = false;
  /** When its slow start began; undefined when it is no newcomer. */
  warmingSince: number | undefined;
  readonly #warmth: (since: number) => number;

  constructor(item: T, traits: Traits, warmth: (since: number) => number) {
    this.item = item;
    this.traits = traits;
    this.#warmth = warmth;
  }

  weight(): number {
    const { weight } = this.traits;
    const full = weight > 0 ? weight : 1; // of weight 0 are only the last resorts, which are alike
    return this.warmingSince === undefined ? full : full * this.#warmth(this.warmingSince);
  }
}

/**
 * Who gets the next call: by weight, near ones before far ones, newcomers slowly, those that drain not at all while
 * there is anybody else. Pure but for the clock and chance it is given.
 */
export class Balance<T> {
  readonly #options: BalanceOptions;
  readonly #ports: BalancePorts;
  readonly #near: Schedule<Seat<T>>;
  readonly #far: Schedule<Seat<T>>;
  readonly #lastResort: Schedule<Seat<T>>;
  readonly #seats = new Set<Seat<T>>();
  /** By weight, of the endpoints of the preferred zone that take calls: all of them, and those that are ready. */
  #nearWeight = 0;
  #nearReadyWeight = 0;
  #nearCredit = 0;

  constructor(options: BalanceOptions, ports: BalancePorts) {
    this.#options = options;
    this.#ports = ports;
    this.#near = new Schedule(ports.random);
    this.#far = new Schedule(ports.random);
    this.#lastResort = new Schedule(ports.random);
  }

  /** How many can take a call. */
  get readyCount(): number {
    return this.#near.size + this.#far.size + this.#lastResort.size;
  }

  /** A new endpoint, not yet ready. */
  add(item: T, traits: Traits): Seat<T> {
    const seat = new Seat(item, traits, (since) => this.#warmth(since));
    this.#seats.add(seat);
    this.#count(seat, 1);
    return seat;
  }

  remove(seat: Seat<T>): void {
    if (!this.#seats.delete(seat)) return;
    this.#scheduleOf(seat).remove(seat);
    this.#count(seat, -1);
  }

  /** Its metadata has changed; its turns go on where they were unless it changes sides. */
  retrait(seat: Seat<T>, traits: Traits): void {
    const before = this.#scheduleOf(seat);
    this.#count(seat, -1);
    seat.traits = traits;
    this.#count(seat, 1);
    const after = this.#scheduleOf(seat);
    if (!seat.ready) return;
    if (before === after) {
      after.reweigh(seat);
      return;
    }
    before.remove(seat);
    after.add(seat);
  }

  /** `newcomer`: it was not there when this process began to call the service, so its caches may be cold. */
  setReady(seat: Seat<T>, ready: boolean, newcomer = false): void {
    if (seat.ready === ready) return;
    this.#count(seat, -1);
    seat.ready = ready;
    this.#count(seat, 1);
    if (ready && newcomer && this.#options.slowStartMs) seat.warmingSince = this.#ports.now();
    const schedule = this.#scheduleOf(seat);
    if (ready) schedule.add(seat);
    else schedule.remove(seat);
  }

  /** Who gets the next call; undefined when nobody is ready. */
  pick(): Seat<T> | undefined {
    if (this.#near.size === 0) return this.#far.next() ?? this.#lastResort.next();
    if (this.#far.size === 0) return this.#near.next();
    // The share of the near ones, paid out evenly: at 0.75 every fourth call goes far.
    this.#nearCredit += this.#nearShare();
    if (this.#nearCredit < 1) return this.#far.next();
    this.#nearCredit -= 1;
    return this.#near.next();
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

  #scheduleOf({ traits }: Seat<T>): Schedule<Seat<T>> {
    if (traits.draining || traits.weight === 0) return this.#lastResort;
    const { zone } = this.#options;
    return zone === undefined || traits.zone === zone ? this.#near : this.#far;
  }

  #count(seat: Seat<T>, sign: 1 | -1): void {
    if (this.#scheduleOf(seat) !== this.#near) return;
    this.#nearWeight += sign * seat.traits.weight;
    if (seat.ready) this.#nearReadyWeight += sign * seat.traits.weight;
  }
}
