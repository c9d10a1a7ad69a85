import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { systemClock } from '../../async/index.js';
import { escapeControls } from '../../errors/index.js';
import {
  Balance,
  type BalanceOptions,
  defaultFirstCallWaitMs,
  plainTraits,
  type Traits,
} from '../balance/index.js';
import { BalancePicker } from './balance-picker.js';
import { EtcdBalancerConfig, policyName } from './balancer-config.js';
import { Leaf } from './leaf.js';

type Endpoint = experimental.Endpoint;

const traits = new WeakMap<Endpoint, Traits>();

/** Notes what the metadata says beside the endpoint: in its attributes it would become part of the connection's identity. */
export function setTraits(endpoint: Endpoint, of: Traits): void {
  traits.set(endpoint, of);
}

/** The wait of first calls is counted in parts: a process that is blocked for a while loses one, and not all of it. */
const waitParts = 4;

/**
 * Spreads calls over the endpoints by weight, zone and status (see {@link Balance}). A connection is kept across
 * updates, so that a change of a large service costs what has changed and not its size, as it does under round_robin.
 */
class EtcdBalancer implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper;
  readonly #leaves = new Map<string, Leaf>();
  #balance = newBalance({});
  #config = '';
  #firstCallWaitMs = defaultFirstCallWaitMs;
  #state: connectivityState | undefined;
  #lastError = 'no endpoints';
  #updating = false;
  /** Endpoints of the first list are no newcomers. */
  #listed = false;
  #cancelStart: (() => void) | undefined;
  #releasing: NodeJS.Immediate | undefined;

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
    this.#keepOnly(list.value);
    const fresh = list.value.flatMap((endpoint) => this.#have(endpoint, options, note) ?? []);
    this.#startIfClosed();
    for (const leaf of this.#inOrder(fresh)) leaf.connect();
    this.#updating = false;
    this.#listed = true;
    if (this.#leaves.size === 0) this.#lastError = note || 'no endpoints';
    this.#report();
    return this.#leaves.size > 0;
  }

  exitIdle(): void {
    for (const leaf of this.#leaves.values()) leaf.connect();
  }

  /** Leaves keep their own. */
  resetBackoff(): void {}

  destroy(): void {
    this.#cancelStart?.();
    clearImmediate(this.#releasing);
    for (const leaf of this.#leaves.values()) leaf.destroy();
    this.#leaves.clear();
  }

  getTypeName(): string {
    return policyName;
  }

  /** Another zone, or another slow start: all endpoints enter a new balance. */
  #configure({ options }: EtcdBalancerConfig): void {
    const text = JSON.stringify(options);
    if (text === this.#config) return;
    this.#config = text;
    this.#firstCallWaitMs = options.firstCallWaitMs ?? defaultFirstCallWaitMs;
    this.#balance = newBalance(options);
    for (const leaf of this.#leaves.values()) leaf.attach(this.#balance);
    // Calls that wait for an endpoint by the old balance ask the new one.
    if (this.#state === connectivityState.READY) this.#state = undefined;
  }

  #keepOnly(endpoints: readonly Endpoint[]): void {
    const wanted = new Set(endpoints.map(experimental.endpointToString));
    for (const [name, leaf] of this.#leaves) {
      if (wanted.has(name)) continue;
      this.#leaves.delete(name);
      leaf.destroy();
    }
  }

  /** The leaf if it is a new one, which is still to connect. */
  #have(endpoint: Endpoint, options: ChannelOptions, note: string): Leaf | undefined {
    const name = experimental.endpointToString(endpoint);
    const known = this.#leaves.get(name);
    const of = traits.get(endpoint) ?? plainTraits;
    if (known) {
      known.updateTraits(of);
      return undefined;
    }
    const leaf = new Leaf(endpoint, of, this.#helper, {
      options,
      note,
      newcomer: this.#listed,
      changed: (before, error) => this.#changed(leaf, before, error),
    });
    this.#leaves.set(name, leaf);
    leaf.attach(this.#balance);
    return leaf;
  }

  /** The best class first, from a random one on: a fleet of callers does not connect to the lowest key first. */
  #inOrder(leaves: readonly Leaf[]): readonly Leaf[] {
    const start = Math.floor(Math.random() * leaves.length);
    const rotated = [...leaves.slice(start), ...leaves.slice(0, start)];
    return rotated.sort((a, b) => this.#balance.rank(a.traits) - this.#balance.rank(b.traits));
  }

  #changed(leaf: Leaf, before: connectivityState, error: string | null): void {
    if (this.#leaves.get(leaf.name) !== leaf) return;
    if (error) this.#lastError = error;
    if (before === connectivityState.READY) {
      this.#helper.requestReresolution();
      this.#startIfClosed();
    }
    if (leaf.state === connectivityState.IDLE) leaf.reconnect();
    if (!this.#updating) this.#report();
  }

  /** With no connection at all, the first calls are spread by weight over those that are being made. */
  #startIfClosed(): void {
    if (this.#balance.isStarting || this.#balance.isOpen || !this.#balance.isConnecting) return;
    if (this.#firstCallWaitMs === 0) return;
    this.#cancelStart?.();
    this.#balance.begin();
    this.#endStartAfter(waitParts);
  }

  #endStartAfter(parts: number): void {
    this.#cancelStart = systemClock.setTimer(this.#firstCallWaitMs / waitParts, () => {
      if (parts > 1) {
        this.#endStartAfter(parts - 1);
        return;
      }
      this.#balance.end();
      this.#report();
    });
  }

  /** Reports to the channel only when its own state changes: one picker serves for as long as any is ready. */
  #report(): void {
    if (!this.#balance.isStarting) this.#cancelStart?.();
    const state = this.#stateNow();
    if (state === this.#state && state !== connectivityState.TRANSIENT_FAILURE) {
      if (state === connectivityState.READY && this.#balance.takeNews()) this.#releaseSoon();
      return;
    }
    switch (state) {
      case connectivityState.READY:
        this.#release();
        return;
      case connectivityState.CONNECTING:
        this.#tell(state, new experimental.QueuePicker(this), null);
        return;
      default:
        this.#fail(this.#lastError);
    }
  }

  /** The calls that wait ask again, once for all endpoints that connect at the same time: each may be one of many. */
  #releaseSoon(): void {
    this.#releasing ??= setImmediate(() => {
      this.#releasing = undefined;
      if (this.#state === connectivityState.READY) this.#release();
    });
  }

  #release(): void {
    this.#balance.takeNews();
    this.#tell(connectivityState.READY, new BalancePicker(this.#balance), null);
  }

  #stateNow(): connectivityState {
    if (this.#balance.isOpen) return connectivityState.READY;
    return this.#balance.isConnecting ? connectivityState.CONNECTING : connectivityState.TRANSIENT_FAILURE;
  }

  #fail(text: string): void {
    const details = escapeControls(text); // connection errors name addresses, which are from records
    const picker = new experimental.UnavailablePicker({ details });
    this.#tell(connectivityState.TRANSIENT_FAILURE, picker, details);
  }

  #tell(state: connectivityState, picker: experimental.Picker, error: string | null): void {
    this.#state = state;
    this.#helper.updateState(state, picker, error);
  }
}

function newBalance(options: BalanceOptions): Balance<Leaf> {
  return new Balance<Leaf>(options, { now: () => performance.now(), random: Math.random });
}

/** Makes the policy known to grpc-js. Idempotent. */
export function registerBalancer(): void {
  if (experimental.isLoadBalancerNameRegistered(policyName)) return;
  experimental.registerLoadBalancerType(policyName, EtcdBalancer, EtcdBalancerConfig);
}
