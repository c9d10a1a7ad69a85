import { backoffDelay, type Clock, systemClock } from '../async/index.js';
import { ClosedError, EtcdError } from '../errors/index.js';
import type { Revision } from '../model/index.js';
import type { EndpointRecord } from './endpoint.js';
import { EndpointSet } from './endpoint-set.js';
import type { NamingClient } from './ports.js';
import { keyPrefix } from './target.js';

/** What is known of a target. Stays as it is while etcd cannot be reached. */
export interface ServiceView {
  readonly target: string;
  /** In key order. */
  readonly endpoints: readonly EndpointRecord[];
  /** The revision of the store that this view shows. */
  readonly revision: Revision;
  /** Keys whose value is not an endpoint. */
  readonly invalid: ReadonlySet<string>;
}

export interface ServiceSubscriber {
  /** The whole view: at once if it is known, then after each change. */
  view(view: ServiceView): void;
  /** Nothing is known yet, and this is why. What was known is not taken back. */
  trouble(error: EtcdError): void;
}

/** How long a mirror outlives its last subscriber: a channel that was idle, or is replaced, finds it still there. */
const lingerMs = 5_000;
/** How long a service that turned empty through a resync keeps its last known endpoints: one TTL of a registration. */
const holdMs = 10_000;
const restart = { baseMs: 500, maxMs: 10_000 };

/** The services a client follows: one mirror per target, however many channels ask for it. */
export class ServiceDirectory {
  readonly #client: NamingClient;
  readonly #clock: Clock;
  readonly #services = new Map<string, Service>();

  constructor(client: NamingClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
    client.onClose(() => this.#closed());
  }

  /** Follows a target; the returned function lets go of it. Subscribers are called later, never from in here. */
  subscribe(target: string, subscriber: ServiceSubscriber): () => void {
    const service = this.#services.get(target) ?? this.#start(target);
    return service.subscribe(subscriber);
  }

  #start(target: string): Service {
    const service = new Service(this.#client, target, this.#clock, () => this.#services.delete(target));
    this.#services.set(target, service);
    return service;
  }

  #closed(): void {
    for (const service of this.#services.values()) service.stop(new ClosedError('the etcd client'));
  }
}

class Service {
  readonly #client: NamingClient;
  readonly #target: string;
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #stopping = new AbortController();
  readonly #subscribers = new Set<ServiceSubscriber>();
  #view: ServiceView | undefined;
  #trouble: EtcdError | undefined;
  #cancelLinger: (() => void) | undefined;
  #heldSince: number | undefined;
  #cancelHold: (() => void) | undefined;

  constructor(client: NamingClient, target: string, clock: Clock, onIdle: () => void) {
    this.#client = client;
    this.#target = target;
    this.#clock = clock;
    this.#onIdle = onIdle;
    void this.#run();
  }

  subscribe(subscriber: ServiceSubscriber): () => void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#subscribers.add(subscriber);
    setImmediate(() => {
      if (!this.#subscribers.has(subscriber)) return;
      if (this.#view) subscriber.view(this.#view);
      else if (this.#trouble) subscriber.trouble(this.#trouble);
    });
    return () => this.#unsubscribe(subscriber);
  }

  /** Ends for good: whoever subscribes from now on is told why. */
  stop(error: EtcdError): void {
    this.#cancelLinger?.();
    this.#cancelHold?.();
    this.#view = undefined;
    this.#setTrouble(error);
    this.#stopping.abort(error);
  }

  #unsubscribe(subscriber: ServiceSubscriber): void {
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
    if (this.#stopping.signal.aborted) return;
    this.#cancelLinger = this.#clock.setTimer(lingerMs, () => {
      this.#stopping.abort(new ClosedError('the service'));
      this.#onIdle();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      if (this.#client.closed) return this.stop(new ClosedError('the etcd client'));
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#setTrouble(toEtcdError(error));
      }
      // What ended the mirror, such as a missing permission, may be mended while this process lives.
      await this.#pause(backoffDelay(restart, attempt, Math.random));
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const set = new EndpointSet();
    const mirror = this.#client.mirror(
      { prefix: keyPrefix(this.#target) },
      { signal, onTrouble: (error) => this.#setTrouble(error) },
    );
    for await (const update of mirror) {
      set.apply(update);
      const view = {
        target: this.#target,
        endpoints: [...set.records.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
        revision: update.revision,
        invalid: new Set(set.invalid),
      };
      if (this.#isDoubtful(view, update.type === 'snapshot' && update.reason !== 'initial'))
        this.#holdBack(view);
      else this.#setView(view);
    }
  }

  /** After a wipe or a long cut a list really is empty, and the servers are about to come back. */
  #isDoubtful(view: ServiceView, resynced: boolean): boolean {
    if (view.endpoints.length > 0 || !this.#view || this.#view.endpoints.length === 0) return false;
    return resynced || this.#cancelHold !== undefined;
  }

  /** The last known endpoints serve on; when nobody is back in time the empty list is believed. */
  #holdBack(view: ServiceView): void {
    this.#cancelHold?.();
    this.#heldSince ??= this.#clock.now();
    const left = this.#heldSince + holdMs - this.#clock.now();
    this.#cancelHold = this.#clock.setTimer(left, () => this.#setView(view));
  }

  #setView(view: ServiceView): void {
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    this.#heldSince = undefined;
    this.#view = view;
    this.#trouble = undefined;
    for (const subscriber of [...this.#subscribers]) subscriber.view(view);
  }

  #setTrouble(error: EtcdError): void {
    this.#trouble = error;
    if (this.#view) return;
    for (const subscriber of [...this.#subscribers]) subscriber.trouble(error);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(ms, resolve);
      this.#stopping.signal.addEventListener(
        'abort',
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}

function toEtcdError(error: unknown): EtcdError {
  return error instanceof EtcdError ? error : new EtcdError(String(error), { code: 13, cause: error });
}
