import { Broadcast, type Clock, ProcessRef, processWarning, retryLoop } from '../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../errors/index.js';
import {
  type MirrorOptions,
  type MirrorStatus,
  type MirrorUpdate,
  retainOption,
} from '../../mirror/index.js';
import { withJson } from '../../model/index.js';
import { EndpointSet } from '../endpoint-set.js';
import type { MirrorHandle, NamingClient } from '../ports.js';
import { retainEndpoint } from '../retain-endpoint.js';
import { isDirectChild, keyPrefix } from '../target/index.js';
import { type EarlierView, type MemoryView, memoryStatus, toSnapshotChange } from './earlier-view.js';
import { LossConfirmation } from './loss/loss-confirmation.js';
import { LossProtection, type Observation } from './loss/loss-protection.js';
import type { LossProtectionOptions } from './loss/options.js';
import type { SilenceDetector } from './loss/silence-detector.js';
import type { SnapshotStore } from './snapshot.js';
import { SnapshotSaver } from './snapshot-saver.js';
import { Subscribers } from './subscribers.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './view.js';
import { ViewState } from './view-state.js';

/** How long a mirror outlives its last subscriber, for channels that idle briefly or are replaced. */
const lingerMs = 5_000;
const restartBackoff = { baseMs: 500, maxMs: 10_000 };
/** How long etcd has to answer before an earlier view, from memory or disk, is shown. */
const showEarlierAfterMs = 1_000;

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
  /** Shared by all services of the directory. */
  readonly silence: SilenceDetector;
  /** The view of the previous mirror of this target. */
  readonly remembered: MemoryView | undefined;
  /** Called after the service ended because it has no subscribers, with the view to remember. */
  readonly onIdle: (last: MemoryView | undefined) => void;
}

/** Follows one target while it has subscribers. */
export class FollowedService {
  readonly #ports: ServicePorts;
  readonly #stopping = new AbortController();
  readonly #state: ViewState;
  readonly #subscribers: Subscribers;
  readonly #protection: LossProtection;
  readonly #confirmation: LossConfirmation;
  readonly #saver: SnapshotSaver;
  /** Keeps the process alive during the pause before the mirror restarts, as the watch does otherwise. */
  readonly #processRef = new ProcessRef();
  /** Called with every failure, also while a view is known. */
  readonly #failures = new Broadcast<EtcdError>();
  #mirror: MirrorHandle | undefined;
  #cancelLinger: (() => void) | undefined;
  #cancelEarlier: (() => void) | undefined;
  readonly #stopSilenceDetection: () => void;
  /** Whether etcd has answered since the service was created. */
  #hasAnswered = false;
  /** The view of the previous mirror, until a newer one is known. */
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
        processWarning('a subscriber')(error);
      },
    );
    this.#protection = new LossProtection(options.lossProtection);
    this.#confirmation = new LossConfirmation({
      clock,
      protection: this.#protection,
      silence,
      mirror: () => this.#mirror,
      onResult: () => this.#showUnconfirmed(),
    });
    this.#saver = new SnapshotSaver({
      clock,
      target,
      store: options.snapshots,
      current: () => this.#viewToSave(),
    });
    this.#stopSilenceDetection = silence.follow(keyPrefix(target));
    if (options.snapshots || ports.remembered)
      this.#cancelEarlier = clock.setTimer(showEarlierAfterMs, () => void this.#showEarlier());
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

  /** Calls back with every failure, also while a view is known. The returned function unsubscribes. */
  onFailure(listener: (error: EtcdError) => void): () => void {
    return this.#failures.listen(listener);
  }

  /** Ends the service permanently; later subscribers get the error. */
  stop(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return;
    this.#end(error);
    this.#state.end(error);
    // Last, since a subscriber may call anything, such as its own unsubscribe function.
    this.#subscribers.notifyFailure(error);
  }

  /** Resolves when every started save is complete, after 5 s at the latest. */
  whenSaved(): Promise<void> {
    return this.#saver.whenSaved();
  }

  #linger(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelLinger = this.#ports.clock.setTimer(lingerMs, () => {
      const last = this.#state.toMemory(); // a remembered view has been shown by now
      this.#end(new ClosedError('the service'));
      this.#ports.onIdle(last);
    });
  }

  #end(reason: EtcdError): void {
    this.#cancelLinger?.();
    this.#cancelEarlier?.();
    this.#stopSilenceDetection();
    this.#confirmation.stop();
    this.#saver.stop();
    this.#processRef.close();
    this.#stopping.abort(reason);
  }

  #run(): Promise<void> {
    const { signal } = this.#stopping;
    let release = () => {};
    // The cause, such as a missing permission, may be fixed while this process runs.
    return retryLoop(
      this.#ports.clock,
      signal,
      restartBackoff,
      async () => {
        release();
        if (this.#ports.client.closed) this.stop(new ClosedError('the etcd client'));
        else await this.#follow(signal);
      },
      (error) => {
        release = this.#processRef.keepProcessAlive();
        this.#reportFailure(toEtcdError(error));
      },
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, target, clock, silence } = this.#ports;
    const { direct } = this.#ports.options;
    const set = new EndpointSet(direct ? (key) => isDirectChild(target, key) : undefined);
    const startedAt = clock.now();
    const options: MirrorOptions = { signal, onFailure: (error) => this.#reportFailure(error) };
    const range = { prefix: keyPrefix(target) };
    const mirror = client.mirror(range, retainOption.set(options, retainEndpoint));
    this.#mirror = mirror;
    let wasKnown: boolean | undefined;
    try {
      for await (const update of mirror) {
        if (signal.aborted) return;
        if (wasKnown === undefined) silence.recordAnswer(startedAt); // the first update answers the list request
        wasKnown ??= this.view !== undefined || this.#remembered !== undefined;
        wasKnown ||= update.type === 'snapshot' && update.reason !== 'initial';
        const mayHaveMissed =
          update.type === 'snapshot' || this.#hasJustReconnected(mirror.status(), wasKnown);
        this.#apply(
          set,
          update,
          mayHaveMissed ? 'after-reconnect' : silence.wasRecentlySilent ? 'after-silence' : 'live',
        );
      }
    } finally {
      this.#state.onMirrorEnd();
    }
  }

  /** Whether a change arrived so soon after a reconnect or a new listing that it may have happened during the outage. */
  #hasJustReconnected({ reconnects, forMs }: MirrorStatus, wasKnown: boolean): boolean {
    return (wasKnown || reconnects > 0) && forMs < this.#ports.options.lossProtection.protectionMs;
  }

  #apply(set: EndpointSet, update: MirrorUpdate, observation: Observation): void {
    const change = set.apply(update);
    this.#compareWithRemembered(update, set.records.size === 0);
    this.#protection.apply(change, observation, this.#ports.clock.now());
    this.#cancelEarlier?.();
    this.#hasAnswered = true;
    const view = withJson({
      target: this.#ports.target,
      endpoints: this.#protection.visibleEndpoints(),
      revision: update.revision,
      invalid: set.invalid,
      unconfirmed: this.#protection.unconfirmed,
    });
    if (this.#state.show(view)) this.#subscribers.notifyView(view);
    this.#saver.scheduleSave();
    this.#confirmation.schedule();
  }

  /**
   * Uses the remembered view as the baseline of loss protection if the first answer has no endpoints, or comes from a
   * store that is behind the view's revision and so was replaced. Any other first list is trusted: servers come and go
   * while a channel idles, and their addresses may belong to other servers now.
   */
  #compareWithRemembered({ type, revision }: MirrorUpdate, isEmpty: boolean): void {
    const remembered = this.#remembered;
    this.#remembered = undefined;
    if (!remembered || this.view || type !== 'snapshot') return;
    if (isEmpty || revision < remembered.view.revision) this.#useAsBaseline(remembered);
  }

  /** Makes the view the baseline that loss protection compares the next change with. */
  #useAsBaseline({ view }: EarlierView): void {
    this.#protection.apply(toSnapshotChange(view), 'live', this.#ports.clock.now());
  }

  /** The set of unconfirmed endpoints changed by a decision, not by a change of the store. */
  #showUnconfirmed(): void {
    if (!this.#state.setUnconfirmed(this.#protection.visibleEndpoints(), this.#protection.unconfirmed))
      return;
    if (this.view) this.#subscribers.notifyView(this.view);
    this.#saver.scheduleSave();
  }

  #reportFailure(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return; // later subscribers get the error that ended the service
    this.#state.failure = error;
    this.#failures.publish(error);
    if (!this.view) this.#subscribers.notifyFailure(error);
  }

  /** Shows the earlier view because etcd has not answered in time. */
  async #showEarlier(): Promise<void> {
    const earlier = this.#remembered ?? (await this.#saver.load());
    if (this.view || this.#stopping.signal.aborted || !earlier) return;
    this.#useAsBaseline(earlier);
    this.#state.showEarlier(earlier);
    this.#subscribers.notifyView(earlier.view);
  }

  /** The view to save. An empty, unconfirmed or earlier view must not replace the saved one. */
  #viewToSave(): { readonly view: ServiceView; readonly staleMs: number } | undefined {
    const { view, staleMs } = this.#state;
    if (!view || !this.#hasAnswered || view.endpoints.length === 0 || view.unconfirmed.size > 0)
      return undefined;
    return { view, staleMs };
  }
}
