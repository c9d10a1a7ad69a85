import { BalancedEndpoint, type EndpointState } from './balanced-endpoint.js';
import { EdfScheduler } from './edf-scheduler.js';
import type { BalanceOptions } from './options.js';
import { Reservations } from './reservations.js';
import type { Traits } from './traits.js';

export interface BalancerPorts {
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
}

/** A newcomer begins with this part of its share: with none at all it would never warm up. */
const minSlowStartShare = 0.1;
/** A zone that has lost up to three tenths of its endpoints can still carry all of its calls. */
const overprovisioningFactor = 1.4;

/** Endpoints of one class: those of a better one are preferred. */
class Tier<T> {
  readonly scheduler: EdfScheduler<BalancedEndpoint<T>>;
  readonly counts: Record<EndpointState, number> = { connecting: 0, ready: 0, failed: 0 };

  constructor(random: () => number) {
    this.scheduler = new EdfScheduler(random);
  }

  get isUsable(): boolean {
    return this.counts.ready + this.counts.connecting > 0;
  }
}

/**
 * Who gets the next call: by weight, local ones before remote ones, newcomers slowly, those that drain not at all while
 * there is any other. Pure but for the clock and the random numbers it is given.
 *
 * While it starts, that is, from `begin()` until each endpoint of the best class has connected or failed, it gives
 * turns to the endpoints that are still connecting as well: otherwise the first calls would go to whichever connects
 * first. Such a call waits, and its turn is owed to it.
 */
export class WeightedBalancer<T> {
  readonly #options: BalanceOptions;
  readonly #ports: BalancerPorts;
  readonly #local: Tier<T>;
  readonly #remote: Tier<T>;
  readonly #lastResort: Tier<T>;
  readonly #tiers: readonly Tier<T>[];
  readonly #endpoints = new Set<BalancedEndpoint<T>>();
  readonly #reservations = new Reservations<BalancedEndpoint<T>>();
  #starting = false;
  /** Calls that wait can have another turn. */
  #repickNeeded = false;
  /** By weight, of the endpoints of the preferred zone that take calls: all of them, and those that are ready. */
  #localWeight = 0;
  #localReadyWeight = 0;
  #localCredit = 0;

  constructor(options: BalanceOptions, ports: BalancerPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#local = new Tier(ports.random);
    this.#remote = new Tier(ports.random);
    this.#lastResort = new Tier(ports.random);
    this.#tiers = [this.#local, this.#remote, this.#lastResort];
  }

  /** Whether a call could go somewhere now. While starting, endpoints of lesser classes do not count. */
  get hasReady(): boolean {
    if (this.#starting) return (this.#bestTier?.counts.ready ?? 0) > 0;
    return this.#tiers.some(({ counts }) => counts.ready > 0);
  }

  get isConnecting(): boolean {
    return this.#tiers.some(({ counts }) => counts.connecting > 0);
  }

  get isStarting(): boolean {
    return this.#starting;
  }

  /** How many calls wait for an endpoint that was given to them. */
  get reserved(): number {
    return this.#reservations.count;
  }

  /** Whether calls that wait should ask again; asking resets it. */
  takeRepickRequest(): boolean {
    const needed = this.#repickNeeded || this.#reservations.hasReady;
    this.#repickNeeded = false;
    return needed;
  }

  /** 0 is the best class: the calls of a channel that starts go to no other while it may connect. */
  rank(traits: Traits): number {
    return this.#tiers.indexOf(this.#tierOf(traits));
  }

  /** A new endpoint, which connects. */
  add(item: T, traits: Traits): BalancedEndpoint<T> {
    const endpoint = new BalancedEndpoint(item, traits, (since) => this.#slowStartFactor(since));
    this.#endpoints.add(endpoint);
    this.#addToTier(endpoint);
    return endpoint;
  }

  remove(endpoint: BalancedEndpoint<T>): void {
    if (!this.#endpoints.delete(endpoint)) return;
    this.#removeFromTier(endpoint);
    this.#endStartIfSettled();
  }

  /** Its metadata has changed; its turns go on where they were unless it changes sides. */
  updateTraits(endpoint: BalancedEndpoint<T>, traits: Traits): void {
    if (this.#tierOf(traits) === this.#tierOf(endpoint.traits)) {
      this.#count(endpoint, -1);
      endpoint.traits = traits;
      this.#count(endpoint, 1);
      this.#tierOf(traits).scheduler.updateWeight(endpoint);
      return;
    }
    this.#removeFromTier(endpoint);
    endpoint.traits = traits;
    this.#addToTier(endpoint);
    this.#endStartIfSettled();
  }

  /** `newcomer`: it was not there when this process began to call the service, so its caches may be cold. */
  setState(endpoint: BalancedEndpoint<T>, state: EndpointState, newcomer = false): void {
    if (endpoint.state === state) return;
    if (state === 'ready' && newcomer && this.#options.slowStartMs)
      endpoint.slowStartSince = this.#ports.now();
    const { scheduler } = this.#tierOf(endpoint.traits);
    this.#count(endpoint, -1);
    endpoint.state = state;
    this.#count(endpoint, 1);
    if (!this.#isScheduled(endpoint)) scheduler.remove(endpoint);
    else scheduler.add(endpoint);
    if (state === 'ready') this.#reservations.markReady(endpoint);
    else this.#cancelReservations(endpoint);
    this.#endStartIfSettled();
  }

  /** Begins to give turns to those that are connecting, too. */
  beginStart(): void {
    this.#starting = true;
    for (const endpoint of this.#endpoints)
      if (endpoint.state === 'connecting') this.#tierOf(endpoint.traits).scheduler.add(endpoint);
    this.#endStartIfSettled();
  }

  /** Only those that are connected have turns from now on: calls that wait for another ask again. */
  endStart(): void {
    if (!this.#starting) return;
    this.#starting = false;
    for (const endpoint of this.#endpoints) {
      if (endpoint.state !== 'connecting') continue;
      this.#tierOf(endpoint.traits).scheduler.remove(endpoint);
      this.#cancelReservations(endpoint);
    }
  }

  /** Who gets the next call; undefined when it has to wait. */
  pick(): BalancedEndpoint<T> | undefined {
    return this.#starting ? this.#pickStarting() : this.#pickReady();
  }

  /** Who gets a call that has waited before; undefined when it has to wait on. */
  pickReserved(): BalancedEndpoint<T> | undefined {
    return this.#reservations.takeReady();
  }

  #pickStarting(): BalancedEndpoint<T> | undefined {
    const endpoint = this.#bestTier?.scheduler.next();
    if (endpoint === undefined || endpoint.state === 'ready') return endpoint;
    this.#reservations.reserve(endpoint);
    return undefined;
  }

  #pickReady(): BalancedEndpoint<T> | undefined {
    const [local, remote] = [this.#local.scheduler, this.#remote.scheduler];
    if (local.size === 0) return remote.next() ?? this.#lastResort.scheduler.next();
    if (remote.size === 0) return local.next();
    // The share of the local ones, paid out evenly: at 0.75 every fourth call goes remote.
    this.#localCredit += this.#localShare();
    if (this.#localCredit < 1) return remote.next();
    this.#localCredit -= 1;
    return local.next();
  }

  get #bestTier(): Tier<T> | undefined {
    return this.#tiers.find(({ isUsable: hasHope }) => hasHope);
  }

  /** The start is over once nothing of the best class is still to come. */
  #endStartIfSettled(): void {
    if (this.#starting && !this.#bestTier?.counts.connecting) this.endStart();
  }

  #isScheduled({ state }: BalancedEndpoint<T>): boolean {
    return state === 'ready' || (this.#starting && state === 'connecting');
  }

  #addToTier(endpoint: BalancedEndpoint<T>): void {
    this.#count(endpoint, 1);
    if (this.#isScheduled(endpoint)) this.#tierOf(endpoint.traits).scheduler.add(endpoint);
  }

  #removeFromTier(endpoint: BalancedEndpoint<T>): void {
    this.#count(endpoint, -1);
    this.#tierOf(endpoint.traits).scheduler.remove(endpoint);
    this.#cancelReservations(endpoint);
  }

  #cancelReservations(endpoint: BalancedEndpoint<T>): void {
    if (this.#reservations.cancel(endpoint)) this.#repickNeeded = true;
  }

  #localShare(): number {
    if (this.#localWeight === 0) return 1;
    return Math.min(1, (overprovisioningFactor * this.#localReadyWeight) / this.#localWeight);
  }

  #slowStartFactor(since: number): number {
    const { slowStartMs = 0 } = this.#options;
    const age = this.#ports.now() - since;
    return age >= slowStartMs ? 1 : Math.max(minSlowStartShare, age / slowStartMs);
  }

  #tierOf({ draining, weight, zone }: Traits): Tier<T> {
    if (draining || weight === 0) return this.#lastResort;
    const { zone: own } = this.#options;
    return own === undefined || zone === own ? this.#local : this.#remote;
  }

  #count(endpoint: BalancedEndpoint<T>, sign: 1 | -1): void {
    const tier = this.#tierOf(endpoint.traits);
    tier.counts[endpoint.state] += sign;
    if (tier !== this.#local) return;
    this.#localWeight += sign * endpoint.traits.weight;
    if (endpoint.state === 'ready') this.#localReadyWeight += sign * endpoint.traits.weight;
  }
}
