import { Broadcast, type Clock, processWarning } from '../../async/index.js';
import { type ClientDiagnostics, diagnosticsOf } from '../../diagnostics/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import { withJson } from '../../model/index.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import type { RecordFormat } from '../codec/record-format.js';
import { formatsId } from '../codec/record-formats.js';
import type { NamingClient } from '../ports.js';
import type { ShownService } from '../shown-service.js';
import type { Departures } from './diagnostics/departures.js';
import { ServiceDiagnostics } from './diagnostics/service-diagnostics.js';
import { LossConfirmation } from './loss/loss-confirmation.js';
import { LossProtection, type Observation } from './loss/loss-protection.js';
import type { LossProtectionOptions } from './loss/options.js';
import type { SilenceDetector } from './loss/silence-detector.js';
import { type ServiceEvent, ServiceMirror } from './service-mirror.js';
import type { SnapshotStore } from './snapshots/snapshot.js';
import { SnapshotSaver } from './snapshots/snapshot-saver.js';
import { rulesOf } from './union/record-rules.js';
import { UnionMirror } from './union/union-mirror.js';
import { type EarlierView, type MemoryView, memoryStatus, toSnapshotChange } from './views/earlier-view.js';
import { EarlierViews } from './views/earlier-views.js';
import { Subscribers } from './views/subscribers.js';
import type { ServiceStatus, ServiceSubscriber, ServiceView } from './views/view.js';
import { ViewState } from './views/view-state.js';

/** How long a mirror outlives its last subscriber, for channels that idle briefly or are replaced. */
const lingerMs = 5_000;

export interface ServiceOptions {
  readonly lossProtection: Required<LossProtectionOptions>;
  readonly snapshots: SnapshotStore | undefined;
}

export interface ServicePorts {
  readonly client: NamingClient;
  readonly target: string;
  /** What the diagnostics show of it. */
  readonly shown: ShownService;
  readonly codecs: readonly EndpointCodec[];
  /** The formats of the records, one for each key prefix. */
  readonly formats: readonly RecordFormat[];
  readonly clock: Clock;
  readonly options: ServiceOptions;
  /** Shared by all services of the directory. */
  readonly silence: SilenceDetector;
  /** Shared by all services of the directory. */
  readonly departures: Departures;
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
  readonly #earlier: EarlierViews;
  readonly #mirror: ServiceMirror | UnionMirror;
  /** Publishes every failure, also while a view is known. */
  readonly #failures = new Broadcast<EtcdError>();
  readonly #stopSilenceDetection: () => void;
  readonly #diagnostics: ServiceDiagnostics;
  readonly #endDiagnostics: () => void;
  #cancelLinger: (() => void) | undefined;
  /** Whether etcd has answered since the service was created. */
  #hasAnswered = false;

  constructor(ports: ServicePorts) {
    const { target, codecs, formats, clock, options, silence } = ports;
    this.#ports = ports;
    this.#state = new ViewState(clock, () => this.#mirror.current?.status());
    this.#subscribers = new Subscribers(
      () => this.#state,
      (error) => {
        this.#state.failure = error;
        processWarning('a subscriber')(error);
      },
    );
    this.#protection = new LossProtection(
      options.lossProtection,
      codecs.length > 1 ? rulesOf(codecs) : undefined,
      formats.length > 1,
    );
    this.#confirmation = new LossConfirmation({
      clock,
      protection: this.#protection,
      silence,
      mirror: () => this.#mirror.verifiable,
      onResult: () => this.#showUnconfirmed(),
    });
    const { snapshots: store } = options;
    const current = () => this.#viewToSave();
    this.#saver = new SnapshotSaver({ clock, target, formats: formatsId(target, codecs), store, current });
    this.#earlier = new EarlierViews({
      clock,
      remembered: ports.remembered,
      load: store && (() => this.#saver.load()),
      show: (earlier) => this.#showEarlier(earlier),
    });
    this.#stopSilenceDetection = silence.follow(formats[0]?.prefix ?? '');
    const diagnostics = diagnosticsOf(ports.client);
    this.#diagnostics = this.#createDiagnostics(diagnostics);
    const endMetrics = diagnostics.addSource(this.#diagnostics);
    const endFollowing = ports.shown.follow(this.#diagnostics);
    this.#endDiagnostics = () => {
      endMetrics();
      endFollowing();
    };
    this.#mirror = this.#startMirror();
  }

  get view(): ServiceView | undefined {
    return this.#state.view;
  }

  status(): ServiceStatus {
    const status = this.#state.status(this.#saver.error);
    const { remembered } = this.#earlier;
    if (this.view || !remembered) return status;
    const { lastError, snapshotError } = status;
    return { ...memoryStatus(remembered, this.#ports.clock.now()), lastError, snapshotError };
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
    this.#earlier.end();
    this.#stopSilenceDetection();
    this.#endDiagnostics();
    this.#confirmation.stop();
    this.#saver.stop();
    this.#stopping.abort(reason);
  }

  #createDiagnostics(diagnostics: ClientDiagnostics): ServiceDiagnostics {
    const { target, shown, clock, departures } = this.#ports;
    return new ServiceDiagnostics({
      target,
      shown,
      clock,
      diagnostics,
      departures,
      view: () => this.view,
      status: () => this.status(),
      hasAddress: (record) => this.#protection.hasAddress(record),
      signal: this.#stopping.signal,
    });
  }

  #startMirror(): ServiceMirror | UnionMirror {
    const { client, formats, clock, silence, options } = this.#ports;
    const shared = {
      client,
      clock,
      silence,
      protectionMs: options.lossProtection.protectionMs,
      isKnown: () => this.view !== undefined || this.#earlier.remembered !== undefined,
      onUpdate: (event: ServiceEvent, observation: Observation, records: { readonly size: number }) =>
        this.#apply(event, observation, records.size),
      onFailure: (error: EtcdError) => this.#reportFailure(error),
      onFreshness: () => this.#diagnostics.onStatus(),
      onClientClosed: (error: ClosedError) => this.stop(error),
    };
    const [format, ...others] = formats;
    const mirror =
      format && others.length === 0
        ? new ServiceMirror({ ...shared, format, onEnd: () => this.#state.onMirrorEnd() })
        : new UnionMirror({ ...shared, formats, onIncomplete: (failure) => this.#onIncomplete(failure) });
    void mirror.run(this.#stopping.signal);
    return mirror;
  }

  #apply(event: ServiceEvent, observation: Observation, count: number): void {
    const baseline = this.#earlier.onUpdate(event, count === 0);
    if (baseline && !this.view) this.#useAsBaseline(baseline);
    const before = this.view ?? baseline?.view;
    if (event.type === 'snapshot' && before && isOfReplacedStore(event, before))
      this.#diagnostics.onReplacedStore(before, event.endpoints);
    this.#protection.apply(event, observation, this.#ports.clock.now());
    this.#hasAnswered = true;
    const view = withJson({
      target: this.#ports.target,
      endpoints: this.#protection.visibleEndpoints(),
      revision: event.revision,
      invalid: event.invalid,
      unconfirmed: this.#protection.unconfirmed,
    });
    const isNew = this.#state.show(view);
    if (event.failure) this.#state.failure = event.failure;
    this.#diagnostics.onView(view, event.type === 'snapshot' || event.removed.length > 0, event.last);
    if (isNew) this.#subscribers.notifyView(view);
    this.#saver.scheduleSave();
    this.#confirmation.schedule();
  }

  /** Makes the view the baseline that loss protection compares the next change with. */
  #useAsBaseline({ view }: EarlierView): void {
    this.#protection.apply(toSnapshotChange(view), 'live', this.#ports.clock.now());
  }

  /** Shows the endpoints after a confirmation read, which may have changed the set of unconfirmed losses. */
  #showUnconfirmed(): void {
    if (!this.#state.setUnconfirmed(this.#protection.visibleEndpoints(), this.#protection.unconfirmed))
      return;
    const { view } = this;
    if (view) {
      this.#diagnostics.onView(view, true);
      this.#subscribers.notifyView(view);
    }
    this.#saver.scheduleSave();
  }

  /** A prefix was read. Until all are, `failure` is that of those that were not. */
  #onIncomplete(failure: EtcdError | undefined): void {
    if (!this.#stopping.signal.aborted) this.#state.failure = failure;
  }

  #reportFailure(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return; // later subscribers get the error that ended the service
    this.#state.failure = error;
    this.#failures.publish(error);
    this.#diagnostics.onFailure(error);
    if (!this.view) this.#subscribers.notifyFailure(error);
  }

  /** Shows the earlier view because etcd has not answered in time. */
  #showEarlier(earlier: EarlierView): void {
    this.#useAsBaseline(earlier);
    this.#state.showEarlier(earlier);
    this.#diagnostics.onView(earlier.view, false);
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

/** Whether a list is that of another store than the view, or of one that was wiped or restored. */
function isOfReplacedStore(event: ServiceEvent & { type: 'snapshot' }, { revision }: ServiceView): boolean {
  // Of several prefixes, one may be older than the view.
  return event.reason === 'rolled-back' || (event.oldestRevision === undefined && event.revision < revision);
}
