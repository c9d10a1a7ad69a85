import {
  AsyncQueue,
  type Clock,
  callSafely,
  ElapsedClock,
  onAbort,
  processWarning,
} from '../../async/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import { boolean, checkSignalOnly, noOptions, objectWith, optionsChecker } from '../../model/index.js';
import { checkClient, type NamingClient } from '../ports.js';
import { Remembered } from '../remembered.js';
import { serviceFor } from '../target/index.js';
import { type MemoryView, memoryStatus } from './earlier-view.js';
import { FollowedService, type ServiceOptions } from './followed-service.js';
import {
  defaultReadIntervalMs,
  type LossProtectionOptions,
  lossProtectionInput,
  withDefaults,
} from './loss/options.js';
import { SilenceDetector } from './loss/silence-detector.js';
import { type MemoryOptions, memoryInput, toMemoryLimits } from './memory-options.js';
import { type ReadyOptions, whenReady } from './ready.js';
import type { SnapshotStore } from './snapshot.js';
import { type ServiceStatus, type ServiceSubscriber, type ServiceView, statusOf } from './view.js';

export interface DirectoryOptions {
  /** When the loss of endpoints is doubted, and for how long. */
  readonly lossProtection?: LossProtectionOptions;
  /** What is kept of services that are followed no longer. */
  readonly memory?: MemoryOptions;
  /**
   * Where to keep what was last known of each target, so that a process can start and call while etcd is down, for
   * instance `fileSnapshotStore(folder)`. It is shown when etcd has not answered within a second. Default: nowhere.
   */
  readonly snapshots?: SnapshotStore;
  /** Follow only keys right below a target, not those of targets nested in it. Default false, as in Go. */
  readonly direct?: boolean;
}

const checkDirectory = optionsChecker<DirectoryOptions>({
  lossProtection: lossProtectionInput,
  memory: memoryInput,
  snapshots: objectWith('load', 'save'),
  direct: boolean,
});

const checkSubscriber = objectWith('onView', 'onFailure');

/**
 * The services that a client follows: one mirror a target, however many channels and readers ask for it. What is known
 * of a target stays known through any outage of etcd; `status()` tells how old it is, and where it comes from.
 */
export class ServiceDirectory implements AsyncDisposable {
  readonly #client: NamingClient;
  readonly #clock: Clock;
  readonly #options: ServiceOptions;
  readonly #services = new Map<string, FollowedService>();
  /** Of the targets that are followed no longer. */
  readonly #remembered: Remembered<MemoryView>;
  readonly #silenceDetector: SilenceDetector;
  readonly #pendingSaves = new Set<Promise<void>>();
  #unsubscribeClose = () => {};
  #closed: ClosedError | undefined;

  /** @throws {NamingError} `invalid etcd client`; {InvalidInputError} for options that cannot work. */
  constructor(
    client: NamingClient,
    options: DirectoryOptions = noOptions,
    clock: Clock = new ElapsedClock(),
  ) {
    this.#client = checkClient(client);
    checkDirectory(options);
    this.#clock = clock;
    this.#options = {
      lossProtection: withDefaults(options.lossProtection),
      snapshots: options.snapshots,
      direct: options.direct ?? false,
    };
    this.#remembered = new Remembered(clock, toMemoryLimits(options.memory));
    this.#silenceDetector = createSilenceDetector(client, clock, this.#options.lossProtection);
    this.#unsubscribeClose = client.onClose(() => this.#stop(new ClosedError('the etcd client')));
  }

  /** The client that it stands on. */
  get client(): NamingClient {
    return this.#client;
  }

  /**
   * Follows a target, a service's name or the URI that is dialled, and calls back with the whole view: soon if it is known, never from in here, then after each
   * change. The returned function lets go of it; 5 s after the last one did, the watch ends and its view is kept as
   * memory, which is shown when the target is followed again and etcd has not answered within a second.
   */
  follow(target: string, subscriber: ServiceSubscriber): () => void {
    checkSubscriber(subscriber, 'the subscriber');
    return this.#follow(serviceFor(target, this.#client), subscriber);
  }

  #follow(target: string, subscriber: ServiceSubscriber): () => void {
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
   * The views of a target as they come, the present one first. A reader that does not keep up sees the latest and
   * misses those between. Ends with the signal's own reason, with ClosedError when the client or the directory closes, and,
   * while nothing is known yet, with what waiting does not change, such as a denied permission. Once a view is known it
   * goes on through that, too.
   */
  subscribe(
    target: string,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncIterableIterator<ServiceView, undefined> {
    checkSignalOnly(options);
    const queue = new AsyncQueue<ServiceView>();
    const unsubscribe = () => {
      release();
      unfollow();
    };
    const unfollow = this.follow(target, {
      onView: (view) => {
        queue.dropOldest(); // at most one waits
        queue.put(view);
      },
      onFailure: (error) => {
        if (error.verdict !== 'final') return;
        unsubscribe();
        queue.end(error);
      },
    });
    const release = onAbort(options.signal, (reason) => {
      unfollow();
      queue.discard(reason);
    });
    return {
      next: () => queue.take(),
      return: async () => {
        unsubscribe();
        queue.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** What is known of a target that is followed at the moment; undefined when nothing is. Waits for nothing. */
  get(target: string): ServiceView | undefined {
    return this.#services.get(serviceFor(target, this.#client))?.view;
  }

  /** What can be said of a target; of one that is not followed, what is remembered of it. */
  status(target: string): ServiceStatus {
    const name = serviceFor(target, this.#client);
    const service = this.#services.get(name);
    if (service) return service.status();
    const remembered = this.#remembered.get(name);
    return remembered ? memoryStatus(remembered, this.#clock.now()) : statusOf(undefined, 'none', 0);
  }

  /**
   * Resolves with the first view that has enough endpoints.
   * @throws at once what waiting does not change, such as {PermissionDeniedError} or {UnauthenticatedError};
   *   {DeadlineError} after `timeoutMs`, with what last stood in the way as its cause; the signal's own reason;
   *   {ClosedError} when the client or the directory closes; {InvalidInputError} for options that cannot work.
   */
  async ready(target: string, options: ReadyOptions = noOptions): Promise<ServiceView> {
    const service = serviceFor(target, this.#client);
    const ports = {
      clock: this.#clock,
      target: service,
      follow: (subscriber: ServiceSubscriber) => this.#follow(service, subscriber),
      onFailure: (listener: (error: EtcdError) => void) =>
        this.#services.get(service)?.onFailure(listener) ?? (() => {}),
      status: () => this.status(target),
    };
    return whenReady(ports, options);
  }

  #start(target: string): FollowedService {
    const service = new FollowedService({
      client: this.#client,
      target,
      clock: this.#clock,
      options: this.#options,
      silence: this.#silenceDetector,
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
   * Follows nothing any more; subscribers get ClosedError. Resolves once snapshots are saved, or after 5 s where a store
   * does not answer. Idempotent.
   */
  async close(): Promise<void> {
    this.#stop(new ClosedError('the directory'));
    for (const service of this.#services.values()) this.#trackSaves(service);
    await Promise.all(this.#pendingSaves);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(error: ClosedError): void {
    this.#closed ??= error;
    this.#unsubscribeClose();
    this.#remembered.clear();
    for (const service of this.#services.values()) service.stop(error);
  }

  /** Also of services that are followed no longer, the saves are waited for. */
  #trackSaves(service: FollowedService): void {
    const saved = service.whenSaved().finally(() => this.#pendingSaves.delete(saved));
    this.#pendingSaves.add(saved);
  }
}

function createSilenceDetector(
  { kv }: NamingClient,
  clock: Clock,
  { protectionMs, readIntervalMs }: Required<LossProtectionOptions>,
): SilenceDetector {
  return new SilenceDetector({
    clock,
    intervalMs: readIntervalMs || defaultReadIntervalMs(protectionMs),
    readsEnabled: readIntervalMs > 0,
    protectionMs,
    read: (key, options) => kv.range(key, { ...options, limit: 1, keysOnly: true }),
  });
}
