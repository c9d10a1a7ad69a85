import { type Clock, ProcessRef, retryLoop, warnOf } from '../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../errors/index.js';
import type { MirrorStatus, MirrorUpdate } from '../../mirror/index.js';
import { withJson } from '../../model/index.js';
import { EndpointSet } from '../endpoint-set.js';
import type { MirrorHandle, NamingClient } from '../ports.js';
import { retainEndpoint } from '../retain-endpoint.js';
import { isDirect, keyPrefix } from '../target/index.js';
import { asList, type EarlierView, type MemoryView, memoryStatus } from './earlier-view.js';
import { LossConfirmation } from './loss/loss-confirmation.js';
import { LossProtection, type Seen } from './loss/loss-protection.js';
import type { LossProtectionOptions } from './loss/options.js';
import type { SilenceDetector } from './loss/silence-detector.js';
import type { SnapshotStore } from './snapshot.js';
import { SnapshotSaver } from './snapshot-saver.js';
import { Subscribers } from './subscribers.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './view.js';
import { ViewState } from './view-state.js';

/** How long a mirror outlives its last subscriber: a channel that was idle, or is replaced, finds it still there. */
const lingerMs = 5_000;
const restart = { baseMs: 500, maxMs: 10_000 };
/** How long etcd has to answer before what was known earlier is shown, in memory or on disk. */
const earlierAfterMs = 1_000;

export interface ServiceOptions {
  readonly lossProtection: Required<LossProtectionOptions>;
  readonly snapshots: SnapshotStore | undefined;
  readonly direct: boolean;
}

export interface ServicePorts {
  readonly client: NamingClient;
  readonly target: string;
  readonly clock: Clock;
  readonly options: ServiceOptions;
  /** Of the whole directory. */
  readonly silence: SilenceDetector;
  /** What was known when it was followed the last time. */
  readonly remembered: MemoryView | undefined;
  /** It is followed no longer, and has ended; with what is to be remembered of it. */
  readonly onIdle: (last: MemoryView | undefined) => void;
}

/** One target, followed for as long as somebody asks for it. */
export class Service {
  readonly #ports: ServicePorts;
  readonly #stopping = new AbortController();
  readonly #state: ViewState;
  readonly #subscribers: Subscribers;
  readonly #protection: LossProtection;
  readonly #confirmation: LossConfirmation;
  readonly #saver: SnapshotSaver;
  /** While the mirror waits to be followed again: its watch, which does so otherwise, is gone. */
  readonly #process = new ProcessRef();
  /** Called with every trouble, also while a view is known. */
  readonly #troubleListeners = new Set<(error: EtcdError) => void>();
  #mirror: MirrorHandle | undefined;
  #cancelLinger: (() => void) | undefined;
  #cancelEarlier: (() => void) | undefined;
  readonly #unfollowSilence: () => void;
  /** Whether etcd has answered since it is followed. */
  #isHeard = false;
  /** While nothing newer is known: from when it was followed the last time. */
  #remembered: MemoryView | undefined;

  constructor(ports: ServicePorts) {
    const { target, clock, options, silence } = ports;
    this.#ports = ports;
    this.#remembered = ports.remembered;
    this.#state = new ViewState(clock, () => this.#mirror?.status());
    this.#subscribers = new Subscribers(
      () => this.#state,
      (error) => {
        this.#state.failure = error;
        warnOf('a subscriber')(error);
      },
    );
    this.#protection = new LossProtection(options.lossProtection);
    this.#confirmation = new LossConfirmation({
      clock,
      protection: this.#protection,
      silence,
      mirror: () => this.#mirror,
      onDecided: () => this.#showHeld(),
    });
    this.#saver = new SnapshotSaver({
      clock,
      target,
      store: options.snapshots,
      current: () => this.#worthSaving(),
    });
    this.#unfollowSilence = silence.follow(keyPrefix(target));
    if (options.snapshots || ports.remembered)
      this.#cancelEarlier = clock.setTimer(earlierAfterMs, () => void this.#showEarlier());
    void this.#run();
  }

  get view(): ServiceView | undefined {
    return this.#state.view;
  }

  status(): ServiceStatus {
    const status = this.#state.status(this.#saver.error);
    if (this.view || !this.#remembered) return status;
    const { lastError, snapshotError } = status;
    return { ...memoryStatus(this.#remembered, this.#ports.clock.now()), lastError, snapshotError };
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
  onFailure(listener: (error: EtcdError) => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  /** Ends for good, for the reason given to whoever subscribes from now on. */
  stop(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return;
    this.#end(error);
    this.#state.end(error);
    // Last, since a subscriber may do anything now, such as leave.
    this.#subscribers.failure(error);
  }

  /** Resolves when every save that began is through, after 5 s at the latest. */
  flushed(): Promise<void> {
    return this.#saver.flushed();
  }

  #linger(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelLinger = this.#ports.clock.setTimer(lingerMs, () => {
      const last = this.#state.asMemory(); // what was remembered has been shown by now
      this.#end(new ClosedError('the service'));
      this.#ports.onIdle(last);
    });
  }

  #end(reason: EtcdError): void {
    this.#cancelLinger?.();
    this.#cancelEarlier?.();
    this.#unfollowSilence();
    this.#confirmation.stop();
    this.#saver.stop();
    this.#process.close();
    this.#stopping.abort(reason);
  }

  #run(): Promise<void> {
    const { signal } = this.#stopping;
    let release = () => {};
    // What ended the mirror, such as a missing permission, may be put right while this process lives.
    return retryLoop(
      this.#ports.clock,
      signal,
      restart,
      async () => {
        release();
        if (this.#ports.client.closed) this.stop(new ClosedError('the etcd client'));
        else await this.#follow(signal);
      },
      (error) => {
        release = this.#process.keepProcessAlive();
        this.#setTrouble(toEtcdError(error));
      },
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, target, clock, silence } = this.#ports;
    const { direct } = this.#ports.options;
    const set = new EndpointSet(direct ? (key) => isDirect(target, key) : undefined);
    const beganAt = clock.now();
    const mirror = client.mirror(
      { prefix: keyPrefix(target) },
      { signal, retain: retainEndpoint, onFailure: (error) => this.#setTrouble(error) },
    );
    this.#mirror = mirror;
    let isBack: boolean | undefined;
    try {
      for await (const update of mirror) {
        if (signal.aborted) return;
        if (isBack === undefined) silence.answered(beganAt); // the list
        isBack ??= this.view !== undefined || this.#remembered !== undefined;
        isBack ||= update.type === 'snapshot' && update.reason !== 'initial';
        const wasAway = update.type === 'snapshot' || this.#hasJustReconnected(mirror.status(), isBack);
        this.#apply(set, update, wasAway ? 'after-reconnect' : silence.isDoubtful ? 'after-silence' : 'live');
      }
    } finally {
      this.#state.mirrorEnded();
    }
  }

  /** What comes in the first moments after a reconnect, or a list read again, was not seen as it happened. */
  #hasJustReconnected({ reconnects, forMs }: MirrorStatus, isBack: boolean): boolean {
    return (isBack || reconnects > 0) && forMs < this.#ports.options.lossProtection.protectionMs;
  }

  #apply(set: EndpointSet, update: MirrorUpdate, seen: Seen): void {
    const change = set.apply(update);
    this.#recall(update, set.records.size === 0);
    this.#protection.apply(change, seen, this.#ports.clock.now());
    this.#cancelEarlier?.();
    this.#isHeard = true;
    const view = withJson({
      target: this.#ports.target,
      endpoints: this.#protection.shown(),
      revision: update.revision,
      invalid: set.invalid,
      held: this.#protection.held,
    });
    if (this.#state.show(view)) this.#subscribers.view(view);
    this.#saver.saveSoon();
    this.#confirmation.schedule();
  }

  /**
   * The first answer, after what was known earlier was not shown: that is what loss protection compares it with if the
   * service is empty now, or the store is behind what it was, and so was replaced. Any other list is believed: that
   * servers come and go while a channel idles is nothing unusual, and their addresses may be others' by now.
   */
  #recall({ type, revision }: MirrorUpdate, isEmpty: boolean): void {
    const remembered = this.#remembered;
    this.#remembered = undefined;
    if (!remembered || this.view || type !== 'snapshot') return;
    if (isEmpty || revision < remembered.view.revision) this.#base(remembered);
  }

  /** Takes it for the store's, as far as losses are concerned. */
  #base({ view }: EarlierView): void {
    this.#protection.apply(asList(view), 'live', this.#ports.clock.now());
  }

  /** What is held changed by a decision, and not by the store. */
  #showHeld(): void {
    if (!this.#state.hold(this.#protection.shown(), this.#protection.held)) return;
    if (this.view) this.#subscribers.view(this.view);
    this.#saver.saveSoon();
  }

  #setTrouble(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return; // how it ended stays what later subscribers are given
    this.#state.failure = error;
    for (const listener of [...this.#troubleListeners]) listener(error);
    if (!this.view) this.#subscribers.failure(error);
  }

  /** etcd has not answered in time: what was known earlier is better than nothing. */
  async #showEarlier(): Promise<void> {
    const earlier = this.#remembered ?? (await this.#saver.load());
    if (this.view || this.#stopping.signal.aborted || !earlier) return;
    this.#base(earlier);
    this.#state.showEarlier(earlier);
    this.#subscribers.view(earlier.view);
  }

  /** An empty service, or one in doubt, does not take the place of what was known; nor does what was known earlier. */
  #worthSaving(): { readonly view: ServiceView; readonly staleMs: number } | undefined {
    const { view, staleMs } = this.#state;
    if (!view || !this.#isHeard || view.endpoints.length === 0 || view.held.size > 0) return undefined;
    return { view, staleMs };
  }
}
