import {
  Coalescer,
  callSafely,
  inRootContext,
  processWarning,
  sharedAbortController,
  withAnySignal,
} from '../../async/index.js';
import { ClosedError, Code, EtcdError } from '../../errors/index.js';
import { noOptions } from '../../model/index.js';
import { type BalancedEndpoint, isSameTraits, WeightedBalancer } from '../balance/index.js';
import {
  checkReady,
  directoryOf,
  prefixesOf,
  type ReadyOptions,
  type ServiceDirectory,
  type ServiceView,
  usableCount,
} from '../directory/index.js';
import type { NamingClient } from '../ports.js';
import {
  emptyServiceReason,
  type SelectedAddress,
  type Selection,
  type Selector,
  selectAddresses,
  textOf,
  toSelector,
  unresolvedReason,
} from '../selection/index.js';
import { resolveService, toTarget } from '../target/index.js';
import { type TargetUsage, usageOf } from '../target-usage.js';
import { Ejections } from './ejections.js';
import { checkPicker, type PickerOptions, portsOf, traitsFor } from './options.js';
import { ListedEndpoint, type PickedEndpoint } from './picked-endpoint.js';

type Balanced = BalancedEndpoint<ListedEndpoint>;

/** An address of the service. */
interface Listed {
  readonly balanced: Balanced;
  /** The last selection with the address. */
  selection: Selection;
}

/**
 * Picks an endpoint of a service for each request of a caller without gRPC channels, such as an HTTP client: by the same
 * rules as the `balance` of {@link registerEtcdResolver}, over the view of a {@link ServiceDirectory}, which survives
 * outages of etcd. The service is followed until `close()`.
 * @example
 * ```ts
 * using picker = new EndpointPicker(client, 'shop/cart', { zone: 'eu-1a' });
 * await picker.ready();
 * const { addr } = picker.pick();
 * await fetch(`http://${addr}/items`);
 * ```
 */
export class EndpointPicker implements Disposable {
  /** The service's name, even if the constructor was given a URI. */
  readonly target: string;
  readonly #directory: ServiceDirectory;
  readonly #options: PickerOptions;
  readonly #selector: Selector;
  readonly #usage: TargetUsage;
  readonly #balancer: WeightedBalancer<ListedEndpoint>;
  readonly #ejections: Ejections<Balanced>;
  /** By canonical address. */
  readonly #listed = new Map<string, Listed>();
  readonly #unfollow: () => void;
  readonly #coalescer: Coalescer;
  /** The view of the directory, which is applied after a burst of changes. */
  #view: ServiceView | undefined;
  #known: { readonly view: ServiceView; readonly selection: Selection } | undefined;
  #failure: EtcdError | undefined;
  #closed: (() => ClosedError) | undefined;
  readonly #closing = sharedAbortController();

  /**
   * @param source An etcd client, or a directory with options of its own, such as loss protection or snapshots.
   * @param target A service's name or a URI such as `etcd:///foo/bar`.
   * @throws {NamingError} `invalid etcd client` or `invalid target`; {InvalidInputError} for an unknown or invalid option.
   */
  constructor(source: NamingClient | ServiceDirectory, target: string, options: PickerOptions = noOptions) {
    checkPicker(options);
    this.#directory = directoryOf(source, options.codec);
    this.target = resolveService(target, this.#directory.client);
    this.#options = options;
    this.#usage = usageOf(this.#directory, this.target);
    this.#selector = toSelector(options);
    const { clock, random } = portsOf(options);
    this.#balancer = new WeightedBalancer(options, { now: () => clock.now(), random });
    this.#ejections = new Ejections(clock, random);
    this.#coalescer = new Coalescer(clock, () => this.#apply());
    this.#unfollow = this.#directory.follow(toTarget(this.target), {
      onView: (view) => {
        this.#view = view;
        this.#coalescer.request();
      },
      onFailure: (error) => this.#onFailure(error),
    });
    this.#usage.pickers++;
  }

  /** The endpoints that `pick()` chooses from, including those that drain or are avoided. */
  get endpoints(): readonly PickedEndpoint[] {
    return [...this.#listed.values()].map(({ balanced }) => balanced.item);
  }

  /**
   * Returns the endpoint for the next request. Does not wait, and allocates nothing.
   * @throws {EtcdError} with the code UNAVAILABLE if the service has no endpoint, with its prefix and revision, or if etcd
   *   has not answered yet; {ClosedError} after `close()`, or when the directory or the client was closed.
   */
  pick(): PickedEndpoint {
    if (this.#ejections.size > 0) this.#readmit(this.#ejections.takeEnded());
    const picked = this.#balancer.pick() ?? this.#pickUnhealthy();
    if (picked === undefined) throw this.#noEndpointError();
    ListedEndpoint.countOf(picked.item).picks++;
    return picked.item;
  }

  /**
   * Resolves when at least `minEndpoints` endpoints can be picked. Records that the options exclude do not count.
   * @throws as {@link ServiceDirectory.ready}; {ClosedError} after `close()`.
   */
  async ready(options: ReadyOptions = noOptions): Promise<void> {
    checkReady(options);
    const wait = (signal: AbortSignal) =>
      this.#directory.ready(
        toTarget(this.target),
        usableCount.set({ ...options, signal }, () => this.#usableNow()),
      );
    const { signal } = options;
    await (signal ? withAnySignal(signal, this.#closing.signal, wait) : wait(this.#closing.signal));
  }

  /** Stops following the service. Idempotent. */
  close(): void {
    this.#end(() => new ClosedError('the picker'));
  }

  /** The same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #onFailure(error: EtcdError): void {
    if (error instanceof ClosedError) this.#end(() => error);
    else this.#failure = error;
  }

  #end(toError: () => ClosedError): void {
    if (this.#closed) return;
    this.#closed = toError;
    this.#usage.pickers--;
    this.#unfollow();
    this.#closing.abort(toError());
    this.#coalescer.cancel();
    for (const [name, { balanced }] of this.#listed) this.#remove(name, balanced);
  }

  /** Counts the endpoints of the latest view. */
  #usableNow(): number {
    this.#coalescer.flush();
    return this.#listed.size;
  }

  #apply(): void {
    const view = this.#view;
    if (!view) return;
    const selection = selectAddresses(view.endpoints, this.#selector);
    const isFirst = this.#known === undefined;
    this.#known = { view, selection };
    for (const address of selection.addresses) this.#addOrUpdate(address, selection, !isFirst);
    for (const [name, listed] of this.#listed)
      if (listed.selection !== selection) this.#remove(name, listed.balanced);
  }

  #addOrUpdate(address: SelectedAddress, selection: Selection, newcomer: boolean): void {
    const { name, record } = address;
    const traits = traitsFor(this.#options, address.traits);
    const listed = this.#listed.get(name);
    if (!listed) {
      const count = this.#usage.picks.use(textOf(address));
      const endpoint = new ListedEndpoint(address, count, () => this.#eject(name, balanced));
      const balanced = this.#balancer.add(endpoint, traits);
      this.#balancer.setState(balanced, 'ready', newcomer);
      this.#listed.set(name, { balanced, selection });
      return;
    }
    const { balanced } = listed;
    listed.selection = selection;
    ListedEndpoint.setRecord(balanced.item, record);
    if (!isSameTraits(balanced.traits, traits)) this.#balancer.updateTraits(balanced, traits);
  }

  #remove(name: string, balanced: Balanced): void {
    this.#listed.delete(name);
    this.#balancer.remove(balanced);
    this.#usage.picks.release(ListedEndpoint.countOf(balanced.item));
    this.#ejections.delete(balanced);
    const { onRemoved } = this.#options;
    if (onRemoved)
      inRootContext(() => callSafely(() => onRemoved(balanced.item), processWarning('onRemoved')));
  }

  #eject(name: string, balanced: Balanced): void {
    if (this.#listed.get(name)?.balanced !== balanced) return; // it was removed meanwhile
    if (this.#ejections.eject(balanced)) this.#balancer.setState(balanced, 'failed');
  }

  /** Every endpoint is unhealthy, or the fault is on the caller's side: all take part again. */
  #pickUnhealthy(): Balanced | undefined {
    this.#readmit(this.#ejections.takeAll());
    return this.#balancer.pick();
  }

  #readmit(ejected: readonly Balanced[]): void {
    for (const balanced of ejected) this.#balancer.setState(balanced, 'ready');
  }

  #noEndpointError(): EtcdError {
    if (this.#closed) return this.#closed();
    const prefixes = prefixesOf(this.#directory, this.target);
    const fields = { code: Code.UNAVAILABLE, verdict: 'not-applied' } as const;
    if (!this.#known)
      return new EtcdError(unresolvedReason(prefixes, this.#failure), { ...fields, cause: this.#failure });
    const { view, selection } = this.#known;
    // The directory's view may have a newer revision: one without changes is not reported.
    const latest = this.#directory.get(toTarget(this.target)) ?? view;
    return new EtcdError(emptyServiceReason(latest, selection, prefixes), fields);
  }
}
