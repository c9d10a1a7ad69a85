import { BalancedEndpoint, type EndpointState } from './balanced-endpoint.js';
import { EdfScheduler } from './edf-scheduler.js';
import type { BalanceOptions } from './options.js';
import { Reservations } from './reservations.js';
import type { Traits } from './traits.js';

export interface BalancerPorts {
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
}

/** The initial share of an endpoint in slow start: with a share of 0 its caches would never fill. */
const minSlowStartShare = 0.1;
/** A zone that has lost up to two sevenths of its weight still gets all of its calls. */
const overprovisioningFactor = 1.4;

/** The endpoints of one class: of the caller's zone, of other zones, or of last resort. Better tiers are preferred. */
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
 * Picks an endpoint for each call: by weight, the caller's zone before other zones, new endpoints slowly at first, and
 * draining endpoints only when there are no others. Pure except for the clock and the random numbers of its ports.
 *
 * During the start, from `beginStart()` until every endpoint of the best tier is ready or has failed, connecting
 * endpoints get turns too: otherwise the first calls would go to the endpoint that connects first. A call whose
 * endpoint is still connecting is queued, and its turn is reserved.
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
  /** Whether queued calls should be picked again. */
  #repickNeeded = false;
  /** The total weight of the local tier, and the part of it that is ready. */
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

  /** Whether a call can be picked now. During the start only the best tier counts. */
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

  /** The number of queued calls with a reserved turn. */
  get reserved(): number {
    return this.#reservations.count;
  }

  /** Returns whether queued calls should be picked again, and resets it. */
  takeRepickRequest(): boolean {
    const needed = this.#repickNeeded || this.#reservations.hasReady;
    this.#repickNeeded = false;
    return needed;
  }

  /** The tier as a number, 0 for the best. During the start, calls use the best tier that may become ready. */
  rank(traits: Traits): number {
    return this.#tiers.indexOf(this.#tierOf(traits));
  }

  /** Adds an endpoint, in state `connecting`. */
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

  /** Applies changed metadata. The endpoint keeps its place in the schedule unless its tier changes. */
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

  /** `newcomer`: the endpoint joined after this process began to call the service, so its caches may be cold. */
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

  /** Begins the start: connecting endpoints get turns too. */
  beginStart(): void {
    this.#starting = true;
    for (const endpoint of this.#endpoints)
      if (endpoint.state === 'connecting') this.#tierOf(endpoint.traits).scheduler.add(endpoint);
    this.#endStartIfSettled();
  }

  /** Ends the start: only ready endpoints get turns, and calls that wait for others are picked again. */
  endStart(): void {
    this.#starting = false;
    for (const endpoint of this.#endpoints) {
      if (endpoint.state !== 'connecting') continue;
      this.#tierOf(endpoint.traits).scheduler.remove(endpoint);
      this.#cancelReservations(endpoint);
    }
  }

  /** The endpoint for a new call; undefined when the call has to wait. */
  pick(): BalancedEndpoint<T> | undefined {
    return this.#starting ? this.#pickStarting() : this.#pickReady();
  }

  /** The endpoint for a queued call; undefined when the call has to wait longer. */
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
    // Spreads the local share evenly: at 0.75 every fourth call goes to another zone.
    this.#localCredit += this.#localShare();
    if (this.#localCredit < 1) return remote.next();
    this.#localCredit -= 1;
    return local.next();
  }

  get #bestTier(): Tier<T> | undefined {
    return this.#tiers.find(({ isUsable }) => isUsable);
  }

  /** Ends the start when no endpoint of the best tier is connecting. */
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

  /** Called only while a local endpoint is ready, so that the weight is above 0. */
  #localShare(): number {
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
