import { type Clock, Mailbox, onAbort, systemClock } from '../../async/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import { checkClient, type NamingClient } from '../ports.js';
import { checkTarget } from '../target.js';
import { checkLossProtection, type LossProtectionOptions } from './loss/options.js';
import { type ReadyOptions, whenReady } from './ready.js';
import { Service, type ServiceOptions } from './service.js';
import type { SnapshotStore } from './snapshot.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './view.js';

export interface DirectoryOptions {
  /** When the loss of endpoints is doubted, and for how long. */
  readonly lossProtection?: LossProtectionOptions;
  /**
   * Where to keep what was last known of each target, so that a process can start and call while etcd is down, for
   * instance `fileSnapshotStore(folder)`. It is shown when etcd has not answered within a second. Default: nowhere.
   */
  readonly snapshots?: SnapshotStore;
  /** Follow only keys right below a target, not those of targets nested in it. Default false, as in Go. */
  readonly direct?: boolean;
}

/**
 * The services that a client follows: one mirror a target, however many channels and readers ask for it. What is known
 * of a target stays known through any outage of etcd; `status()` tells how old it is, and where it comes from.
 */
export class ServiceDirectory implements AsyncDisposable {
  readonly #client: NamingClient;
  readonly #clock: Clock;
  readonly #options: ServiceOptions;
  readonly #services = new Map<string, Service>();
  readonly #flushing = new Set<Promise<void>>();
  #releaseClient = () => {};
  #closed: ClosedError | undefined;

  /** @throws {NamingError} `invalid etcd client`; {InvalidInputError} for options that cannot work. */
  constructor(client: NamingClient, options: DirectoryOptions = {}, clock: Clock = systemClock) {
    this.#client = checkClient(client);
    this.#clock = clock;
    this.#options = {
      lossProtection: checkLossProtection(options.lossProtection),
      snapshots: options.snapshots,
      direct: options.direct ?? false,
    };
    this.#releaseClient = client.onClose(() => this.#stop(new ClosedError('the etcd client')));
  }

  /** The client that it stands on. */
  get client(): NamingClient {
    return this.#client;
  }

  /**
   * Follows a target, and calls back with the whole view: soon if it is known, never from in here, then after each
   * change. The returned function lets go of it; a target that nobody follows is forgotten after 5 s.
   */
  follow(target: string, subscriber: ServiceSubscriber): () => void {
    checkTarget(target);
    const closed = this.#closed;
    if (closed) {
      const soon = setImmediate(() => subscriber.trouble(closed));
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
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<ServiceView, undefined> {
    const mailbox = new Mailbox<ServiceView>();
    const leave = () => {
      release();
      unfollow();
    };
    const unfollow = this.follow(target, {
      view: (view) => {
        mailbox.drop(); // at most one waits
        mailbox.put(view);
      },
      trouble: (error) => {
        if (error.verdict !== 'final') return;
        leave();
        mailbox.end(error);
      },
    });
    const release = onAbort(options.signal, (reason) => {
      unfollow();
      mailbox.discard(reason);
    });
    return {
      next: () => mailbox.take(),
      return: async () => {
        leave();
        mailbox.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** What is known of a target that is followed at the moment; undefined when nothing is. Waits for nothing. */
  get(target: string): ServiceView | undefined {
    return this.#services.get(target)?.view;
  }

  /** What can be said of a target; `unknown` for one that nobody follows. */
  status(target: string): ServiceStatus {
    return this.#services.get(target)?.status() ?? unknown;
  }

  /**
   * Resolves with the first view that has enough endpoints.
   * @throws at once what waiting does not change, such as {PermissionDeniedError} or {UnauthenticatedError};
   *   {DeadlineError} after `timeoutMs`, with what last stood in the way as its cause; the signal's own reason;
   *   {ClosedError} when the client or the directory closes; {InvalidInputError} for options that cannot work.
   */
  async ready(target: string, options: ReadyOptions = {}): Promise<ServiceView> {
    const ports = {
      clock: this.#clock,
      target,
      follow: (subscriber: ServiceSubscriber) => this.follow(target, subscriber),
      onTrouble: (listener: (error: EtcdError) => void) =>
        this.#services.get(target)?.onTrouble(listener) ?? (() => {}),
      status: () => this.status(target),
    };
    return whenReady(ports, options);
  }

  #start(target: string): Service {
    const service = new Service(this.#client, target, this.#clock, this.#options, () => {
      this.#services.delete(target);
      this.#flush(service);
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
    for (const service of this.#services.values()) this.#flush(service);
    await Promise.all(this.#flushing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(error: ClosedError): void {
    this.#closed ??= error;
    this.#releaseClient();
    for (const service of this.#services.values()) service.stop(error);
  }

  /** Also of services that are followed no longer, the saves are waited for. */
  #flush(service: Service): void {
    const flushed = service.flushed().finally(() => this.#flushing.delete(flushed));
    this.#flushing.add(flushed);
  }
}

const unknown: ServiceStatus = {
  state: 'unknown',
  source: 'none',
  staleMs: 0,
  revision: 0n,
  endpoints: 0,
  held: 0,
  invalid: 0,
  lastError: undefined,
  snapshotError: undefined,
};
