import { type Clock, ProcessHold, restarting } from '../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../errors/index.js';
import type { MirrorStatus, MirrorUpdate } from '../../mirror/index.js';
import { EndpointSet } from '../endpoint-set.js';
import type { MirrorHandle, NamingClient } from '../ports.js';
import { isDirect, keyPrefix } from '../target.js';
import { LossConfirmation } from './loss/loss-confirmation.js';
import { LossProtection } from './loss/loss-protection.js';
import type { LossProtectionOptions } from './loss/options.js';
import type { SnapshotStore } from './snapshot.js';
import { SnapshotSaver } from './snapshot-saver.js';
import { Subscribers } from './subscribers.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './view.js';
import { ViewState } from './view-state.js';

/** How long a mirror outlives its last subscriber: a channel that was idle, or is replaced, finds it still there. */
const lingerMs = 5_000;
const restart = { baseMs: 500, maxMs: 10_000 };
/** How long etcd has to answer before the snapshot of an earlier process is shown. */
const diskAfterMs = 1_000;

export interface ServiceOptions {
  readonly lossProtection: Required<LossProtectionOptions>;
  readonly snapshots: SnapshotStore | undefined;
  readonly direct: boolean;
}

/** One target, followed for as long as somebody asks for it. */
export class Service {
  readonly #client: NamingClient;
  readonly #target: string;
  readonly #clock: Clock;
  readonly #options: ServiceOptions;
  readonly #onIdle: () => void;
  readonly #stopping = new AbortController();
  readonly #state: ViewState;
  readonly #subscribers: Subscribers;
  readonly #protection: LossProtection;
  readonly #confirmation: LossConfirmation;
  readonly #saver: SnapshotSaver;
  /** While the mirror waits to be followed again: its watch, which does so otherwise, is gone. */
  readonly #process = new ProcessHold();
  /** Called with every trouble, also while a view is known. */
  readonly #troubleListeners = new Set<(error: EtcdError) => void>();
  #mirror: MirrorHandle | undefined;
  #cancelLinger: (() => void) | undefined;
  #cancelDisk: (() => void) | undefined;

  constructor(
    client: NamingClient,
    target: string,
    clock: Clock,
    options: ServiceOptions,
    onIdle: () => void,
  ) {
    this.#client = client;
    this.#target = target;
    this.#clock = clock;
    this.#options = options;
    this.#onIdle = onIdle;
    this.#state = new ViewState(clock, () => this.#mirror?.status());
    this.#subscribers = new Subscribers(
      () => this.#state,
      (error) => {
        this.#state.trouble = error;
      },
    );
    this.#protection = new LossProtection(options.lossProtection);
    this.#confirmation = new LossConfirmation({
      clock,
      protection: this.#protection,
      mirror: () => this.#mirror,
      onDecided: () => this.#showHeld(),
    });
    this.#saver = new SnapshotSaver({
      clock,
      target,
      store: options.snapshots,
      current: () => this.#worthSaving(),
    });
    if (options.snapshots) this.#cancelDisk = clock.setTimer(diskAfterMs, () => void this.#fromSnapshot());
    void this.#run();
  }

  get view(): ServiceView | undefined {
    return this.#state.view;
  }

  status(): ServiceStatus {
    return this.#state.status(this.#saver.error);
  }

  subscribe(subscriber: ServiceSubscriber): () => void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const remove = this.#subscribers.add(subscriber);
    return () => {
      if (remove() && this.#subscribers.size === 0) this.#linger();
    };
  }

  /** Calls back with whatever stands in the way, also while a view is known. The returned function ends that. */
  onTrouble(listener: (error: EtcdError) => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  /** Ends for good, for the reason given to whoever subscribes from now on. */
  stop(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return;
    this.#end(error);
    this.#state.end(error);
    // Last, since a subscriber may do anything now, such as leave.
    this.#subscribers.trouble(error);
  }

  /** Resolves when every save that began is through, after 5 s at the latest. */
  flushed(): Promise<void> {
    return this.#saver.flushed();
  }

  #linger(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelLinger = this.#clock.setTimer(lingerMs, () => {
      this.#end(new ClosedError('the service'));
      this.#onIdle();
    });
  }

  #end(reason: EtcdError): void {
    this.#cancelLinger?.();
    this.#cancelDisk?.();
    this.#confirmation.stop();
    this.#saver.stop();
    this.#process.close();
    this.#stopping.abort(reason);
  }

  #run(): Promise<void> {
    const { signal } = this.#stopping;
    let release = () => {};
    // What ended the mirror, such as a missing permission, may be put right while this process lives.
    return restarting(
      this.#clock,
      signal,
      restart,
      async () => {
        release();
        if (this.#client.closed) this.stop(new ClosedError('the etcd client'));
        else await this.#follow(signal);
      },
      (error) => {
        release = this.#process.acquire();
        this.#setTrouble(toEtcdError(error));
      },
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { direct } = this.#options;
    const set = new EndpointSet(direct ? (key) => isDirect(this.#target, key) : undefined);
    const mirror = this.#client.mirror(
      { prefix: keyPrefix(this.#target) },
      { signal, onTrouble: (error) => this.#setTrouble(error) },
    );
    this.#mirror = mirror;
    let isBack = this.view !== undefined;
    try {
      for await (const update of mirror) {
        if (signal.aborted) return;
        isBack ||= update.type === 'snapshot' && update.reason !== 'initial';
        const live = update.type === 'delta' && !this.#hasJustReconnected(mirror.status(), isBack);
        this.#apply(set, update, live);
      }
    } finally {
      this.#state.mirrorEnded();
    }
  }

  /** What comes in the first moments after a reconnect, or a list read again, was not seen as it happened. */
  #hasJustReconnected({ reconnects, forMs }: MirrorStatus, isBack: boolean): boolean {
    return (isBack || reconnects > 0) && forMs < this.#options.lossProtection.protectionMs;
  }

  #apply(set: EndpointSet, update: MirrorUpdate, live: boolean): void {
    this.#protection.apply(set.apply(update), live, this.#clock.now());
    this.#cancelDisk?.();
    const view = {
      target: this.#target,
      endpoints: this.#protection.shown(),
      revision: update.revision,
      invalid: set.invalid,
      held: this.#protection.held,
    };
    if (this.#state.show(view)) this.#subscribers.view(view);
    this.#saver.saveSoon();
    this.#confirmation.schedule();
  }

  /** What is held changed by a decision, and not by the store. */
  #showHeld(): void {
    if (!this.#state.hold(this.#protection.shown(), this.#protection.held)) return;
    if (this.view) this.#subscribers.view(this.view);
    this.#saver.saveSoon();
  }

  #setTrouble(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return; // how it ended stays what later subscribers are given
    this.#state.trouble = error;
    for (const listener of [...this.#troubleListeners]) listener(error);
    if (!this.view) this.#subscribers.trouble(error);
  }

  /** etcd has not answered in time: what an earlier process knew is better than nothing. */
  async #fromSnapshot(): Promise<void> {
    const stored = await this.#saver.load();
    if (this.view || this.#stopping.signal.aborted || !stored) return;
    const endpoints = new Map(stored.view.endpoints.map((record) => [record.key, record]));
    this.#protection.apply({ type: 'snapshot', endpoints }, true, this.#clock.now());
    this.#state.showStored(stored);
    this.#subscribers.view(stored.view);
  }

  /** An empty service, or one in doubt, does not take the place of what was known; nor does what is itself from disk. */
  #worthSaving(): { readonly view: ServiceView; readonly staleMs: number } | undefined {
    const { view, isFromDisk, staleMs } = this.#state;
    if (!view || isFromDisk || view.endpoints.length === 0 || view.held.size > 0) return undefined;
    return { view, staleMs };
  }
}
