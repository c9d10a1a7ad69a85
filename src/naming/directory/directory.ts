import {
  type AsyncStream,
  type Clock,
  callSafely,
  ElapsedClock,
  inRootContext,
  OneLoop,
  processWarning,
  Subscription,
  secondLoopError,
} from '../../async/index.js';
import { diagnosticsOf } from '../../diagnostics/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import {
  boolean,
  checkSignalOnly,
  InternalOption,
  noOptions,
  objectWithMethods,
  optionsChecker,
} from '../../model/index.js';
import { checkCodecs, toCodecs } from '../codec/codec-list.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { directOnly } from '../codec/format-of.js';
import type { RecordFormat } from '../codec/record-format.js';
import { recordFormats } from '../codec/record-formats.js';
import { ExpiringCache } from '../expiring-cache.js';
import { checkClient, type NamingClient } from '../ports.js';
import { type ShownService, shownService } from '../shown-service.js';
import { resolveService } from '../target/index.js';
import { departureStream } from './diagnostics/departure-stream.js';
import { type Departure, Departures } from './diagnostics/departures.js';
import { FollowedService, type ServiceOptions } from './followed-service.js';
import { createSilenceDetector } from './loss/create-silence-detector.js';
import { checkLossProtection, type LossProtectionOptions, withDefaults } from './loss/options.js';
import type { SilenceDetector } from './loss/silence-detector.js';
import { checkMemory, type MemoryOptions, toMemoryLimits } from './memory-options.js';
import { type ReadyOptions, whenReady } from './ready.js';
import type { SnapshotStore } from './snapshots/snapshot.js';
import { type MemoryView, memoryStatus } from './views/earlier-view.js';
import { type ServiceStatus, type ServiceSubscriber, type ServiceView, statusOf } from './views/view.js';

/** The options of a {@link ServiceDirectory}. */
export interface DirectoryOptions {
  /** When endpoints that disappear stay visible, and for how long. Default: see {@link LossProtectionOptions}. */
  readonly lossProtection?: LossProtectionOptions;
  /** The limits of the views that are remembered after a service's last subscriber left. Default: see {@link MemoryOptions}. */
  readonly memory?: MemoryOptions;
  /**
   * Stores the last view of each target, so that a process can start and make calls while etcd is down; for instance
   * `fileSnapshotStore(folder)`. A stored view is shown when etcd has not answered within a second. Default: none.
   */
  readonly snapshots?: SnapshotStore;
  /** Follow only the keys directly below a target, without the targets nested in it. Default false, as in Go. */
  readonly direct?: boolean;
  /**
   * The format of the records, such as `kratos()` of `@org/etcd-naming/codecs`. Default: that of Go's `endpoints`.
   *
   * A list of codecs, `[goEndpoints, kratos()]`, makes one service of the records in several formats, as while its servers
   * move from one framework to another. It is known when the prefix of every codec has been read, and a prefix that may
   * not be read fails it; a prefix that fails later keeps its last records. An address that has records in several formats
   * is one endpoint: only its records of the first of these codecs are in the view. Codecs with the same prefix are tried
   * in order. Loss protection counts the addresses of all formats, and an address that another format still has is not
   * lost; with several prefixes, it confirms each loss by a read of all of them. The names of the codecs must differ. A service for which one prefix contains another is refused.
   */
  readonly codec?: EndpointCodec | readonly EndpointCodec[];
}

const checkDirectory = optionsChecker<DirectoryOptions>({
  lossProtection: checkLossProtection,
  memory: checkMemory,
  snapshots: objectWithMethods('load', 'save'),
  direct: boolean,
  codec: checkCodecs,
});

/** The source of time of a directory; tests replace it. */
export const directoryClock = new InternalOption<Clock>('clock');

/** The key prefixes that a directory reads for a service. */
export let prefixesOf: (directory: ServiceDirectory, service: string) => readonly string[];
/** What the diagnostics show of a service of a directory. */
export let shownBy: (directory: ServiceDirectory, service: string) => ShownService;

const checkSubscriber = objectWithMethods('onView', 'onFailure');

/**
 * The views of the services that a client follows. Each target has one mirror, however many channels and readers
 * follow it. A view survives outages of etcd of any length; `status()` reports its age and its source.
 * @example
 * ```ts
 * await using directory = new ServiceDirectory(client, { snapshots: fileSnapshotStore('/var/lib/my-service') });
 * for await (const { endpoints, revision } of directory.subscribe('foo/bar/my-service')) {
 *   console.log(`${endpoints.length} endpoints at revision ${revision}`);
 * }
 * ```
 */
export class ServiceDirectory implements AsyncDisposable {
  static {
    prefixesOf = (directory, service) => directory.#formatsOf(service).map(({ prefix }) => prefix);
    shownBy = (directory, service) => directory.#shown(service);
  }

  readonly #client: NamingClient;
  readonly #clock: Clock;
  readonly #options: ServiceOptions;
  readonly #codecs: readonly EndpointCodec[];
  readonly #direct: boolean;
  readonly #services = new Map<string, FollowedService>();
  /** The last views of targets without subscribers. */
  readonly #remembered: ExpiringCache<MemoryView>;
  readonly #silenceDetector: SilenceDetector;
  readonly #departures: Departures;
  readonly #pendingSaves = new Set<Promise<void>>();
  #unsubscribeClose = () => {};
  #closed: ClosedError | undefined;
  /** The error of its own `close()`, unless the client closed before. */
  #closedByOwner: ClosedError | undefined;

  /** @throws {NamingError} `invalid etcd client`; {InvalidInputError} for an unknown or invalid option. */
  constructor(client: NamingClient, options: DirectoryOptions = noOptions) {
    this.#client = checkClient(client);
    checkDirectory(options);
    const clock = directoryClock.get(options) ?? new ElapsedClock();
    this.#clock = clock;
    this.#options = {
      lossProtection: withDefaults(options.lossProtection),
      snapshots: options.snapshots,
    };
    this.#codecs = toCodecs(options.codec);
    this.#direct = options.direct ?? false;
    this.#remembered = new ExpiringCache(clock, toMemoryLimits(options.memory));
    this.#silenceDetector = createSilenceDetector(client, clock, this.#options.lossProtection);
    this.#departures = new Departures(client, diagnosticsOf(client));
    this.#unsubscribeClose = client.onClose(() => this.#stop(new ClosedError('the etcd client')));
  }

  /** The etcd client that the directory reads from. */
  get client(): NamingClient {
    return this.#client;
  }

  /**
   * Follows a target, given as a service name or as the URI that a channel dials. Calls `subscriber` asynchronously with
   * the whole view once it is known, then after each change. The returned function unsubscribes. The watch ends 5 s after
   * the last subscriber left, and the view is remembered: it is shown again when the target is followed again and etcd
   * has not answered within a second.
   * @throws {NamingError} for an invalid target.
   */
  follow(target: string, subscriber: ServiceSubscriber): () => void {
    checkSubscriber(subscriber, 'the subscriber');
    return this.#follow(resolveService(target, this.#client), subscriber);
  }

  /** Outside the context of the caller: the directory follows a service for all its subscribers. */
  #follow(target: string, subscriber: ServiceSubscriber): () => void {
    return inRootContext(() => this.#subscribe(target, subscriber));
  }

  #subscribe(target: string, subscriber: ServiceSubscriber): () => void {
    const closed = this.#closed;
    if (closed) {
      const soon = setImmediate(() =>
        callSafely(() => subscriber.onFailure(closed), processWarning('a subscriber')),
      );
      return () => clearImmediate(soon);
    }
    const service = this.#services.get(target) ?? this.#start(target);
    return service.subscribe(subscriber);
  }

  /**
   * Iterates over the views of a target, starting with the current one. A slow reader gets the latest view and skips
   * those between. Ends when the directory is closed.
   * @throws (from the iterator) the reason of `signal`, {ClosedError} when the client closes, and before the first view a
   *   final error, such as a denied permission. After the first view, the iteration survives such errors.
   */
  subscribe(
    target: string,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncStream<ServiceView> {
    checkSignalOnly(options);
    const { signal } = options;
    const follow = (onView: (view: ServiceView) => void, end: (error?: EtcdError) => void) => {
      const onFailure = (error: EtcdError) => {
        if (error.verdict !== 'final') return;
        unfollow();
        end(error === this.#closedByOwner ? undefined : error);
      };
      const unfollow = this.follow(target, { onView, onFailure });
      return unfollow;
    };
    const views = new Subscription<ServiceView>(follow, { maxQueued: 1, signal });
    return new OneLoop(views, () => secondLoopError('a stream', 'subscribe'));
  }

  /**
   * Iterates over the endpoints that leave the views from now on, each with the reason. With a target, which is followed
   * meanwhile: those of this service; without one: those of all services that the directory follows for other reasons,
   * such as its subscribers. An endpoint departs once, when it is in the view no longer: if loss protection keeps it
   * visible, when its loss is confirmed. An address that the store has under another key does not depart. A slow reader
   * gets the last 1,000. Ends when the directory is closed.
   *
   * Some reasons need the state of a lease, which is looked up only while something iterates, subscribes to
   * `etcd-naming:directory`, logs, or reads the metrics; see {@link DepartureReason}. They follow the view by the time
   * that takes, 3 s at most.
   * @throws (from the iterator) as {@link subscribe}.
   * @example
   * ```ts
   * await using directory = new ServiceDirectory(client);
   * for await (const { record, reason } of directory.departures('foo/bar/my-service')) {
   *   if (reason === 'lease-ended') console.warn(`${record.addr} left without a word`);
   * }
   * ```
   */
  departures(
    target?: string,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncStream<Departure> {
    checkSignalOnly(options);
    const service = target === undefined ? undefined : resolveService(target, this.#client);
    const follow = (subscriber: ServiceSubscriber) =>
      service === undefined ? () => {} : this.#follow(service, subscriber);
    return departureStream({ departures: this.#departures, service, follow }, options.signal);
  }

  /** The current view of a target that is followed; undefined before the first view and for other targets. Does not wait. */
  get(target: string): ServiceView | undefined {
    return this.#services.get(resolveService(target, this.#client))?.view;
  }

  /** The status of a target. For a target that is not followed: of its remembered view. Does not wait. */
  status(target: string): ServiceStatus {
    const name = resolveService(target, this.#client);
    const service = this.#services.get(name);
    if (service) return service.status();
    const remembered = this.#remembered.get(name);
    return remembered ? memoryStatus(remembered, this.#clock.now()) : statusOf(undefined, 'none', 0);
  }

  /**
   * Resolves with the first view that has at least `minEndpoints` endpoints.
   * @throws {PermissionDeniedError}, {UnauthenticatedError} or another final error, immediately; {DeadlineError} after
   *   `timeoutMs`, with the last error as its cause; the reason of `signal`; {ClosedError} when the client or the
   *   directory closes; {InvalidInputError} for an unknown or invalid option.
   */
  async ready(target: string, options: ReadyOptions = noOptions): Promise<ServiceView> {
    const service = resolveService(target, this.#client);
    const ports = {
      clock: this.#clock,
      prefixes: prefixesOf(this, service),
      follow: (subscriber: ServiceSubscriber) => this.#follow(service, subscriber),
      onFailure: (listener: (error: EtcdError) => void) =>
        this.#services.get(service)?.onFailure(listener) ?? (() => {}),
      status: () => this.status(target),
    };
    return whenReady(ports, options);
  }

  #formatsOf(service: string): readonly RecordFormat[] {
    const formats = recordFormats(service, this.#codecs);
    return this.#direct ? formats.map(directOnly) : formats;
  }

  #shown(service: string): ShownService {
    return shownService(this.#client, service, { codecs: this.#codecs, direct: this.#direct });
  }

  #start(target: string): FollowedService {
    const service = new FollowedService({
      client: this.#client,
      target,
      shown: this.#shown(target),
      codecs: this.#codecs,
      formats: this.#formatsOf(target),
      clock: this.#clock,
      options: this.#options,
      silence: this.#silenceDetector,
      departures: this.#departures,
      remembered: this.#remembered.take(target),
      onIdle: (last) => {
        this.#services.delete(target);
        if (last && last.view.endpoints.length > 0) this.#remembered.put(target, last);
        this.#trackSaves(service);
      },
    });
    this.#services.set(target, service);
    return service;
  }

  /**
   * Ends every loop over views; subscribers and waits get ClosedError. Resolves once all snapshots are saved, and after 5 s
   * when a store does not answer. Idempotent.
   */
  async close(): Promise<void> {
    const error = new ClosedError('the directory');
    if (!this.#closed) this.#closedByOwner = error;
    this.#stop(error);
    for (const service of this.#services.values()) this.#trackSaves(service);
    await Promise.all(this.#pendingSaves);
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(error: ClosedError): void {
    this.#closed ??= error;
    this.#unsubscribeClose();
    this.#remembered.clear();
    this.#departures.end(error === this.#closedByOwner ? undefined : error);
    inRootContext(() => {
      for (const service of this.#services.values()) service.stop(error);
    });
  }

  /** Tracks the pending saves of a service, so that `close()` waits for them even if the service is no longer followed. */
  #trackSaves(service: FollowedService): void {
    const saved = service.whenSaved().finally(() => this.#pendingSaves.delete(saved));
    this.#pendingSaves.add(saved);
  }
}
