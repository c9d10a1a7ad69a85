import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { Pacer, systemClock } from '../../async/index.js';
import type { BalancedEndpoint, EndpointState, Traits, WeightedBalancer } from '../balance/index.js';

/**
 * Between connections that the server accepts and ends soon. grpc-js paces attempts that fail, but not those that
 * succeed for a moment.
 */
const reconnectBackoff = { baseMs: 20, maxMs: 10_000 };

export interface LeafContext {
  readonly options: ChannelOptions;
  readonly note: string;
  /** Whether it came after the first list. */
  readonly newcomer: boolean;
  /** Called after each change of `state`, with the state before it. */
  readonly onStateChange: (before: connectivityState, error: string | null) => void;
}

/** One endpoint of the balancer: its connection, kept for as long as the endpoint is listed, and its seat. */
export class Leaf {
  readonly name: string;
  readonly #context: LeafContext;
  readonly #leafBalancer: experimental.LeafLoadBalancer;
  readonly #reconnects = new Pacer(reconnectBackoff, performance, Math.random);
  #traits: Traits;
  #endpoint: BalancedEndpoint<Leaf> | undefined;
  #weightedBalancer: WeightedBalancer<Leaf> | undefined;
  #state = connectivityState.IDLE;
  #started = false;
  #wasReady = false;
  #destroyed = false;
  #cancelPause: (() => void) | undefined;

  constructor(
    endpoint: experimental.Endpoint,
    traits: Traits,
    helper: experimental.ChannelControlHelper,
    context: LeafContext,
  ) {
    this.name = experimental.endpointToString(endpoint);
    this.#traits = traits;
    this.#context = context;
    const childHelper = experimental.createChildChannelControlHelper(helper, {
      updateState: (state, _picker, error) => this.#onState(state, error),
    });
    this.#leafBalancer = new experimental.LeafLoadBalancer(
      endpoint,
      childHelper,
      context.options,
      context.note,
    );
  }

  get state(): connectivityState {
    return this.#state;
  }

  get traits(): Traits {
    return this.#traits;
  }

  /** Does nothing during the pause after a connection. */
  connect(): void {
    if (this.#cancelPause) return;
    if (this.#started) {
      this.#leafBalancer.exitIdle();
      return;
    }
    this.#started = true;
    this.#leafBalancer.startConnecting();
  }

  /** After a connection has ended. */
  reconnect(): void {
    this.#cancelPause?.();
    this.#cancelPause = systemClock.setTimer(this.#reconnects.nextDelayMs(), () => {
      this.#cancelPause = undefined;
      this.connect();
    });
  }

  attach(balancer: WeightedBalancer<Leaf>): void {
    this.#weightedBalancer = balancer;
    this.#endpoint = balancer.add(this, this.#traits);
    balancer.setState(this.#endpoint, toEndpointState(this.#state));
  }

  updateTraits(traits: Traits): void {
    const { weight, zone, draining } = this.#traits;
    if (weight === traits.weight && zone === traits.zone && draining === traits.draining) return;
    this.#traits = traits;
    if (this.#endpoint) this.#weightedBalancer?.updateTraits(this.#endpoint, traits);
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    return this.#leafBalancer.getPicker().pick(args);
  }

  /** Calls under way go on; grpc-js closes the connection when the last of them has ended. */
  destroy(): void {
    this.#destroyed = true;
    this.#cancelPause?.();
    if (this.#endpoint) this.#weightedBalancer?.remove(this.#endpoint);
    this.#leafBalancer.destroy();
  }

  #onState(state: connectivityState, error: string | null): void {
    if (this.#destroyed) return;
    const before = this.#state;
    this.#state = state;
    const ready = state === connectivityState.READY;
    // A connection made anew, as after a server's maximal age, is no newcomer.
    if (this.#endpoint)
      this.#weightedBalancer?.setState(
        this.#endpoint,
        toEndpointState(state),
        this.#context.newcomer && !this.#wasReady,
      );
    this.#wasReady ||= ready;
    this.#context.onStateChange(before, error);
  }
}

/** An idle one is asked to connect at once; one that failed tries again by itself, and counts once it has connected. */
function toEndpointState(state: connectivityState): EndpointState {
  switch (state) {
    case connectivityState.READY:
      return 'ready';
    case connectivityState.IDLE:
    case connectivityState.CONNECTING:
      return 'connecting';
    case connectivityState.TRANSIENT_FAILURE:
    case connectivityState.SHUTDOWN:
      return 'failed';
  }
}
