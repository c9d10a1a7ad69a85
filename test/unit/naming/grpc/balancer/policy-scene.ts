import { connectivityState, experimental, Metadata, status } from '@grpc/grpc-js';
import { type BalanceOptions, defaultTraits, type Traits } from '#src/naming/balance/index.js';
import { registerBalancer } from '#src/naming/grpc/balancer/balancer.js';
import { setInfo } from '#src/naming/grpc/balancer/endpoint-info.js';

type Helper = experimental.ChannelControlHelper;

/** A connection that makes no network access: the test changes its state, as a server would. */
export class FakeSubchannel {
  readonly name: string;
  readonly options: object;
  state = connectivityState.IDLE;
  refs = 0;
  readonly #listeners = new Set<experimental.ConnectivityStateListener>();

  constructor(name: string, options: object) {
    this.name = name;
    this.options = options;
  }

  become(state: connectivityState, error?: string): void {
    const before = this.state;
    this.state = state;
    for (const listener of [...this.#listeners]) listener(this.#self, before, state, 0, error);
  }

  getConnectivityState(): connectivityState {
    return this.state;
  }

  startConnecting(): void {
    if (this.state === connectivityState.IDLE) this.become(connectivityState.CONNECTING);
  }

  addConnectivityStateListener(listener: experimental.ConnectivityStateListener): void {
    this.#listeners.add(listener);
  }

  removeConnectivityStateListener(listener: experimental.ConnectivityStateListener): void {
    this.#listeners.delete(listener);
  }

  ref(): void {
    this.refs++;
  }

  unref(): void {
    this.refs--;
  }

  realSubchannelEquals(other: unknown): boolean {
    return other === this;
  }

  isHealthy(): boolean {
    return true;
  }

  getAddress(): string {
    return this.name;
  }

  getChannelzRef(): object {
    return {};
  }

  addHealthStateWatcher(): void {}

  removeHealthStateWatcher(): void {}

  get #self(): experimental.SubchannelInterface {
    return this as unknown as experimental.SubchannelInterface;
  }
}

/** One state that the policy has set on its channel. */
interface Update {
  readonly state: string;
  readonly picker: experimental.Picker;
  readonly error: string | null;
}

/** The policy in a channel whose connections the test controls. grpc-js creates it by its name, as for a real channel. */
export class PolicyScene {
  readonly updates: Update[] = [];
  /** Every connection in the order of its creation. */
  readonly subchannels: FakeSubchannel[] = [];
  reresolutions = 0;
  /** Endpoints to which other channels of the process have a connection, which grpc-js shares. */
  readonly shared = new Set<string>();
  /** Called for each state that the policy sets, as grpc-js picks its queued calls again. */
  onUpdate: () => void = () => {};
  readonly policy: experimental.ChildLoadBalancerHandler;

  constructor() {
    registerBalancer();
    const helper = {
      createSubchannel: (address: { host: string }, options: object) => {
        const subchannel = new FakeSubchannel(address.host, options);
        if (this.shared.has(address.host)) subchannel.state = connectivityState.READY;
        this.subchannels.push(subchannel);
        return subchannel;
      },
      updateState: (state: connectivityState, picker: experimental.Picker, error: string | null) => {
        this.updates.push({ state: connectivityState[state] ?? '', picker, error });
        this.onUpdate();
      },
      requestReresolution: () => {
        this.reresolutions++;
      },
      addChannelzChild: () => {},
      removeChannelzChild: () => {},
    };
    this.policy = new experimental.ChildLoadBalancerHandler(helper as unknown as Helper);
  }

  /** Gives the policy a list of endpoints, by name, with their traits. Returns whether it accepts the list. */
  list(endpoints: Record<string, Partial<Traits>>, options: BalanceOptions = {}, note = ''): boolean {
    const list = Object.entries(endpoints).map(([host, traits]) => {
      const endpoint = { addresses: [{ host, port: 1 }] };
      setInfo(endpoint, { traits: { ...defaultTraits, ...traits } });
      return endpoint;
    });
    return this.update(experimental.statusOrFromValue(list), options, note);
  }

  /** Gives the policy the resolver's error. */
  resolverFails(details: string): boolean {
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    return this.update(experimental.statusOrFromError(error), {}, '');
  }

  update(
    list: experimental.StatusOr<experimental.Endpoint[]>,
    options: BalanceOptions,
    note: string,
  ): boolean {
    const config = experimental.parseLoadBalancingConfig({ etcd_weighted: options });
    return this.policy.updateAddressList(list, config, { 'grpc.test': 1 } as object, note);
  }

  /** The present connection of an endpoint. */
  connection(name: string): FakeSubchannel {
    const found = this.subchannels.filter((one) => one.name === name).at(-1);
    if (!found) throw new RangeError(`${name} was not dialled`);
    return found;
  }

  ready(...names: string[]): void {
    for (const name of names) this.connection(name).become(connectivityState.READY);
  }

  fails(name: string, error: string): void {
    this.connection(name).become(connectivityState.TRANSIENT_FAILURE, error);
  }

  /** The server closes the connection. */
  closes(name: string): void {
    this.connection(name).become(connectivityState.IDLE);
  }

  get last(): Update {
    const last = this.updates.at(-1);
    if (!last) throw new RangeError('the policy has set no state');
    return last;
  }

  get states(): string[] {
    return this.updates.map(({ state }) => state);
  }

  /** The endpoint that the channel's picker returns for a call; `queued`, or the error's text. */
  pick(picker = this.last.picker): string {
    const result = picker.pick({ metadata: new Metadata(), extraPickInfo: {} });
    switch (result.pickResultType) {
      case experimental.PickResultType.COMPLETE:
        return (result.subchannel as unknown as FakeSubchannel).name;
      case experimental.PickResultType.QUEUE:
        return 'queued';
      default:
        return result.status?.details ?? '';
    }
  }

  /** The number of calls to each endpoint. */
  shares(calls: number, picker = this.last.picker): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < calls; i++) {
      const name = this.pick(picker);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }
}

/** Lets what was scheduled for the end of this turn of the event loop run. */
export const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
