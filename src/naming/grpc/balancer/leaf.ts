import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { Pacer, systemClock } from '../../../async/index.js';
import {
  type BalancedEndpoint,
  type EndpointState,
  isSameTraits,
  type Traits,
  type WeightedBalancer,
} from '../../balance/index.js';
import type { CountedEndpoint, PickCount } from '../../pick-counts.js';

/**
 * The pause before a reconnect when the server accepts connections and soon closes them.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `stopBackoff` of subchannel.ts): grpc-js paces failed attempts,
 * but not short-lived connections. Remove when it paces these too.
 */
const reconnectBackoff = { baseMs: 20, maxMs: 10_000 };

export interface LeafContext {
  readonly options: ChannelOptions;
  readonly note: string;
  /** How its picks are counted. */
  readonly counted: CountedEndpoint | undefined;
  /** Whether the endpoint joined after the first list. */
  readonly newcomer: boolean;
  /** Called after each change of `state`, with the previous state. */
  readonly onStateChange: (before: connectivityState, error: string | null) => void;
}

/** One endpoint of the policy: its connection, kept while the endpoint is listed, and its entry in the balancer. */
export class Leaf {
  /** The last list with the endpoint. */
  list: readonly experimental.Endpoint[] = [];
  readonly #context: LeafContext;
  readonly #leafBalancer: experimental.LeafLoadBalancer;
  readonly #count: PickCount;
  readonly #reconnects = new Pacer(reconnectBackoff, performance, Math.random);
  #traits: Traits;
  #weightedBalancer: WeightedBalancer<Leaf>;
  #endpoint: BalancedEndpoint<Leaf>;
  #state = connectivityState.IDLE;
  #wasReady = false;
  #destroyed = false;
  #cancelPause: (() => void) | undefined;

  constructor(
    endpoint: experimental.Endpoint,
    traits: Traits,
    helper: experimental.ChannelControlHelper,
    balancer: WeightedBalancer<Leaf>,
    context: LeafContext,
  ) {
    this.#traits = traits;
    this.#context = context;
    this.#count = context.counted?.counts.use(context.counted.name) ?? { picks: 0, users: 1 };
    this.#weightedBalancer = balancer;
    this.#endpoint = balancer.add(this, traits);
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

  /** Connects a leaf that is idle: a new one, or one whose connection was lost. */
  connect(): void {
    this.#leafBalancer.startConnecting();
  }

  /** Connects again after a pause. Called when a connection has ended. */
  reconnect(): void {
    this.#cancelPause?.();
    this.#cancelPause = systemClock.setTimer(this.#reconnects.nextDelayMs(), () => this.connect());
  }

  /** Moves to another balancer. */
  attach(balancer: WeightedBalancer<Leaf>): void {
    this.#weightedBalancer = balancer;
    this.#endpoint = balancer.add(this, this.#traits);
    balancer.setState(this.#endpoint, toEndpointState(this.#state));
  }

  updateTraits(traits: Traits): void {
    if (isSameTraits(this.#traits, traits)) return;
    this.#traits = traits;
    this.#weightedBalancer.updateTraits(this.#endpoint, traits);
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const result = this.#leafBalancer.getPicker().pick(args);
    if (result.pickResultType === experimental.PickResultType.COMPLETE) this.#count.picks++;
    return result;
  }

  /** Calls in progress continue; grpc-js closes the connection after the last of them. */
  destroy(): void {
    if (!this.#destroyed) this.#context.counted?.counts.release(this.#count);
    this.#destroyed = true;
    this.#cancelPause?.();
    this.#weightedBalancer.remove(this.#endpoint);
    this.#leafBalancer.destroy();
  }

  #onState(state: connectivityState, error: string | null): void {
    // Workaround (grpc-js 1.14.7; no public issue found, `destroy` of load-balancer-pick-first.ts): a destroyed leaf
    // reports IDLE up to 250 ms later, from the timer of its connection attempt, and a reconnect would dial a removed
    // endpoint. Remove when destroy() of pick_first clears that timer.
    if (this.#destroyed) return;
    const before = this.#state;
    this.#state = state;
    // A new connection of a known endpoint, as after a server's maximum connection age, needs no slow start.
    const newcomer = this.#context.newcomer && !this.#wasReady;
    this.#weightedBalancer.setState(this.#endpoint, toEndpointState(state), newcomer);
    this.#wasReady ||= state === connectivityState.READY;
    this.#context.onStateChange(before, error);
  }
}

/** An idle leaf connects immediately. A failed one retries automatically, and counts as failed until it is connected. */
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
