import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { systemClock } from '../../../async/index.js';
import { escapeControls } from '../../../errors/index.js';
import {
  type BalanceOptions,
  defaultFirstCallWaitMs,
  type Traits,
  WeightedBalancer,
} from '../../balance/index.js';
import { EtcdBalancerConfig, policyName } from './config.js';
import { infoOf } from './endpoint-info.js';
import { Leaf } from './leaf.js';
import { WeightedPicker } from './weighted-picker.js';

type Endpoint = experimental.Endpoint;

/** The first-call wait is split into this many timers: a blocked event loop uses up one part, not the whole wait. */
const firstCallWaitParts = 4;

/**
 * Spreads calls by weight, zone and status (see {@link WeightedBalancer}). Connections are kept across updates, so an
 * update costs in proportion to the change, not to the size of the service as under round_robin.
 */
class EtcdBalancer implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper;
  readonly #leaves = new Map<string, Leaf>();
  #balancer = createBalancer({});
  /** The options as text; undefined before the first list. */
  #config: string | undefined;
  #firstCallWaitMs = defaultFirstCallWaitMs;
  #state: connectivityState | undefined;
  #lastError = 'no endpoints';
  #updating = false;
  /** Whether a list has been received: endpoints of the first list have no slow start. */
  #hasReceivedList = false;
  #cancelStart: (() => void) | undefined;
  #scheduledRepick: NodeJS.Immediate | undefined;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#helper = helper;
  }

  updateAddressList(
    list: experimental.StatusOr<Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    note: string,
  ): boolean {
    if (!(config instanceof EtcdBalancerConfig)) return false;
    if (!list.ok) {
      if (this.#leaves.size === 0) this.#fail(list.error.details);
      return true;
    }
    this.#updating = true;
    this.#configure(config);
    const newLeaves = this.#applyList(list.value, options, note);
    this.#beginStartIfNeeded();
    for (const leaf of this.#inConnectOrder(newLeaves)) leaf.connect();
    this.#updating = false;
    this.#hasReceivedList = true;
    if (this.#leaves.size === 0) this.#lastError = note || 'no endpoints';
    this.#report();
    return this.#leaves.size > 0;
  }

  /** Does nothing: an endpoint without a connection connects again after its pause. */
  exitIdle(): void {}

  /** Does nothing: each leaf has its own backoff. */
  resetBackoff(): void {}

  destroy(): void {
    this.#cancelStart?.();
    clearImmediate(this.#scheduledRepick);
    for (const leaf of this.#leaves.values()) leaf.destroy();
    this.#leaves.clear();
  }

  getTypeName(): string {
    return policyName;
  }

  /** Applies a changed config: all endpoints move to a new balancer. */
  #configure({ options }: EtcdBalancerConfig): void {
    const text = JSON.stringify(options);
    if (text === this.#config) return;
    this.#config = text;
    this.#firstCallWaitMs = options.firstCallWaitMs ?? defaultFirstCallWaitMs;
    this.#balancer = createBalancer(options);
    for (const leaf of this.#leaves.values()) leaf.attach(this.#balancer);
    // Queued calls are picked again by the new balancer.
    if (this.#state === connectivityState.READY) this.#state = undefined;
  }

  /**
   * Removes the leaves that are not in the list, applies changed traits, and creates the leaves of new endpoints.
   * Returns these, which are not connected yet.
   */
  #applyList(list: readonly Endpoint[], options: ChannelOptions, note: string): readonly Leaf[] {
    const { added, changed } = this.#compare(list);
    for (const [name, leaf] of this.#leaves) {
      if (leaf.list === list) continue;
      this.#leaves.delete(name);
      leaf.destroy();
    }
    for (const { leaf, traits } of changed) leaf.updateTraits(traits);
    return added.flatMap((endpoint) => this.#addLeaf(endpoint, list, options, note) ?? []);
  }

  /** Marks the leaves of listed endpoints. Returns the endpoints without a leaf, and the leaves with other traits. */
  #compare(list: readonly Endpoint[]): {
    readonly added: readonly Endpoint[];
    readonly changed: readonly { readonly leaf: Leaf; readonly traits: Traits }[];
  } {
    const added: Endpoint[] = [];
    const changed: { leaf: Leaf; traits: Traits }[] = [];
    for (const endpoint of list) {
      const { name, traits } = infoOf(endpoint);
      const leaf = this.#leaves.get(name);
      if (!leaf) {
        added.push(endpoint);
        continue;
      }
      leaf.list = list;
      if (leaf.traits !== traits) changed.push({ leaf, traits });
    }
    return { added, changed };
  }

  /** Creates the endpoint's leaf. Another endpoint of the list may have its name: its leaf is updated instead. */
  #addLeaf(
    endpoint: Endpoint,
    list: readonly Endpoint[],
    options: ChannelOptions,
    note: string,
  ): Leaf | undefined {
    const { name, traits, counted } = infoOf(endpoint);
    const known = this.#leaves.get(name);
    if (known) {
      known.updateTraits(traits);
      return undefined;
    }
    const leaf = new Leaf(endpoint, traits, this.#helper, this.#balancer, {
      options,
      note,
      counted,
      newcomer: this.#hasReceivedList,
      onStateChange: (before, error) => this.#onLeafState(leaf, before, error),
    });
    leaf.list = list;
    this.#leaves.set(name, leaf);
    return leaf;
  }

  /**
   * Returns the leaves in the order in which they connect: the best tier first, each tier from a random endpoint onwards,
   * so that a fleet of callers does not connect to the lowest key first.
   */
  #inConnectOrder(leaves: readonly Leaf[]): readonly Leaf[] {
    const start = Math.floor(Math.random() * leaves.length);
    const rotated = [...leaves.slice(start), ...leaves.slice(0, start)];
    return rotated.sort((a, b) => this.#balancer.rank(a.traits) - this.#balancer.rank(b.traits));
  }

  #onLeafState(leaf: Leaf, before: connectivityState, error: string | null): void {
    if (error) this.#lastError = error;
    if (before === connectivityState.READY) {
      this.#helper.requestReresolution();
      this.#beginStartIfNeeded();
    }
    if (leaf.state === connectivityState.IDLE) leaf.reconnect();
    if (!this.#updating) this.#report();
  }

  /** Without any ready endpoint, the first calls are spread by weight over the connecting ones. */
  #beginStartIfNeeded(): void {
    if (this.#balancer.isStarting || this.#balancer.hasReady || !this.#balancer.isConnecting) return;
    if (this.#firstCallWaitMs === 0) return;
    this.#cancelStart?.();
    this.#balancer.beginStart();
    this.#endStartAfter(firstCallWaitParts);
  }

  #endStartAfter(parts: number): void {
    this.#cancelStart = systemClock.setTimer(this.#firstCallWaitMs / firstCallWaitParts, () => {
      if (parts > 1) {
        this.#endStartAfter(parts - 1);
        return;
      }
      this.#balancer.endStart();
      this.#report();
    });
  }

  /** Updates the channel only when its state changes: one picker serves while any endpoint is ready. */
  #report(): void {
    const state = this.#currentState();
    if (state === this.#state && state !== connectivityState.TRANSIENT_FAILURE) {
      if (this.#balancer.takeRepickRequest()) this.#scheduleRepick();
      return;
    }
    switch (state) {
      case connectivityState.READY:
        this.#publishPicker();
        return;
      case connectivityState.CONNECTING:
        this.#updateState(state, new experimental.QueuePicker(this), null);
        return;
      default:
        this.#fail(this.#lastError);
    }
  }

  /** Lets queued calls be picked again, once for all endpoints that become ready in the same turn of the event loop. */
  #scheduleRepick(): void {
    this.#scheduledRepick ??= setImmediate(() => {
      this.#scheduledRepick = undefined;
      if (this.#state === connectivityState.READY) this.#publishPicker();
    });
  }

  #publishPicker(): void {
    this.#balancer.takeRepickRequest();
    this.#updateState(connectivityState.READY, new WeightedPicker(this.#balancer), null);
  }

  #currentState(): connectivityState {
    if (this.#balancer.hasReady) return connectivityState.READY;
    return this.#balancer.isConnecting ? connectivityState.CONNECTING : connectivityState.TRANSIENT_FAILURE;
  }

  #fail(text: string): void {
    const details = escapeControls(text); // connection errors quote addresses from records
    const picker = new experimental.UnavailablePicker({ details });
    this.#updateState(connectivityState.TRANSIENT_FAILURE, picker, details);
  }

  #updateState(state: connectivityState, picker: experimental.Picker, error: string | null): void {
    this.#state = state;
    this.#helper.updateState(state, picker, error);
  }
}

function createBalancer(options: BalanceOptions): WeightedBalancer<Leaf> {
  return new WeightedBalancer<Leaf>(options, { now: () => performance.now(), random: Math.random });
}

/** Registers the policy with grpc-js. Idempotent. */
export function registerBalancer(): void {
  if (experimental.isLoadBalancerNameRegistered(policyName)) return;
  experimental.registerLoadBalancerType(policyName, EtcdBalancer, EtcdBalancerConfig);
}
