import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { Balance, type BalanceOptions, plainTraits, type Traits } from '../balance/index.js';
import { Leaf } from './leaf.js';

/** The policy's name in a service config: `{ loadBalancingConfig: [{ etcd_weighted: { zone: 'a', slowStartMs: 30000 } }] }`. */
export const policyName = 'etcd_weighted';

type Endpoint = experimental.Endpoint;

const traits = new WeakMap<Endpoint, Traits>();

/** Notes what the metadata says beside the endpoint: in its attributes it would become part of the connection's identity. */
export function setTraits(endpoint: Endpoint, of: Traits): void {
  traits.set(endpoint, of);
}

class EtcdBalancerConfig implements experimental.TypedLoadBalancingConfig {
  readonly options: BalanceOptions;

  constructor(options: BalanceOptions) {
    this.options = options;
  }

  static createFromJson(json: unknown): EtcdBalancerConfig {
    const { zone, slowStartMs } = (json ?? {}) as { readonly zone?: unknown; readonly slowStartMs?: unknown };
    if (zone !== undefined && typeof zone !== 'string')
      throw new TypeError(`${policyName}: zone is no string`);
    if (slowStartMs !== undefined && !(typeof slowStartMs === 'number' && slowStartMs >= 0))
      throw new TypeError(`${policyName}: slowStartMs is no number of at least 0`);
    return new EtcdBalancerConfig({ zone, slowStartMs });
  }

  getLoadBalancerName(): string {
    return policyName;
  }

  toJsonObject(): object {
    return { [policyName]: this.options };
  }
}

/**
 * Spreads calls over the endpoints by weight, zone and status (see {@link Balance}). A connection is kept across
 * updates, so that a change of a large service costs what has changed and not its size, as it does under round_robin.
 */
class EtcdBalancer implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper;
  readonly #leaves = new Map<string, Leaf>();
  #balance: Balance<Leaf> | undefined;
  #config = '';
  #state: connectivityState | undefined;
  #connecting = 0;
  #lastError = 'no endpoints';
  #updating = false;
  /** Endpoints of the first list are no newcomers. */
  #listed = false;

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
    this.#configure(config);
    this.#updating = true;
    this.#keepOnly(list.value);
    for (const endpoint of list.value) this.#have(endpoint, options, note);
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
    for (const leaf of this.#leaves.values()) leaf.destroy();
    this.#leaves.clear();
  }

  getTypeName(): string {
    return policyName;
  }

  /** Another zone, or another slow start: everybody is seated anew. */
  #configure({ options }: EtcdBalancerConfig): void {
    const text = JSON.stringify(options);
    if (this.#balance && text === this.#config) return;
    this.#config = text;
    const balance = new Balance<Leaf>(options, { now: () => performance.now(), random: Math.random });
    this.#balance = balance;
    for (const leaf of this.#leaves.values()) leaf.sitDown(balance);
  }

  #keepOnly(endpoints: readonly Endpoint[]): void {
    const wanted = new Set(endpoints.map(experimental.endpointToString));
    for (const [name, leaf] of this.#leaves) {
      if (wanted.has(name)) continue;
      this.#leaves.delete(name);
      if (isConnecting(leaf.state)) this.#connecting--;
      leaf.destroy();
    }
  }

  #have(endpoint: Endpoint, options: ChannelOptions, note: string): void {
    const name = experimental.endpointToString(endpoint);
    const known = this.#leaves.get(name);
    const of = traits.get(endpoint) ?? plainTraits;
    if (known) {
      known.retrait(of);
      return;
    }
    if (!this.#balance) return;
    const leaf = new Leaf(endpoint, of, this.#helper, {
      options,
      note,
      newcomer: this.#listed,
      changed: (before, error) => this.#changed(leaf, before, error),
    });
    this.#leaves.set(name, leaf);
    leaf.sitDown(this.#balance);
    this.#connecting++;
    leaf.connect();
  }

  #changed(leaf: Leaf, before: connectivityState, error: string | null): void {
    if (!this.#leaves.has(leaf.name) || this.#leaves.get(leaf.name) !== leaf) return;
    if (isConnecting(before)) this.#connecting--;
    if (isConnecting(leaf.state)) this.#connecting++;
    if (error) this.#lastError = error;
    if (before === connectivityState.READY) this.#helper.requestReresolution();
    if (leaf.state === connectivityState.IDLE) leaf.reconnect();
    if (!this.#updating) this.#report();
  }

  /** Tells the channel only when its own state changes: one picker serves for as long as anybody is ready. */
  #report(): void {
    const state = this.#stateNow();
    if (state === this.#state && state !== connectivityState.TRANSIENT_FAILURE) return;
    switch (state) {
      case connectivityState.READY:
        this.#tell(state, { pick: (args) => this.#pick(args) }, null);
        return;
      case connectivityState.CONNECTING:
        this.#tell(state, new experimental.QueuePicker(this), null);
        return;
      default:
        this.#fail(this.#lastError);
    }
  }

  #stateNow(): connectivityState {
    if ((this.#balance?.readyCount ?? 0) > 0) return connectivityState.READY;
    return this.#connecting > 0 ? connectivityState.CONNECTING : connectivityState.TRANSIENT_FAILURE;
  }

  #pick(args: experimental.PickArgs): experimental.PickResult {
    const leaf = this.#balance?.pick()?.item;
    return leaf ? leaf.pick(args) : new experimental.QueuePicker(this).pick(args);
  }

  #fail(details: string): void {
    const picker = new experimental.UnavailablePicker({ details });
    this.#tell(connectivityState.TRANSIENT_FAILURE, picker, details);
  }

  #tell(state: connectivityState, picker: experimental.Picker, error: string | null): void {
    this.#state = state;
    this.#helper.updateState(state, picker, error);
  }
}

/** Whether calls may wait for it: an idle endpoint connects, be it after a pause. */
function isConnecting(state: connectivityState): boolean {
  return state === connectivityState.CONNECTING || state === connectivityState.IDLE;
}

/** Makes the policy known to grpc-js. Idempotent. */
export function registerBalancer(): void {
  if (experimental.isLoadBalancerNameRegistered(policyName)) return;
  experimental.registerLoadBalancerType(policyName, EtcdBalancer, EtcdBalancerConfig);
}
