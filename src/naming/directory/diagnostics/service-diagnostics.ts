import type { Clock } from '../../../async/index.js';
import {
  type ClientDiagnostics,
  directoryTopic,
  type MetricsSource,
  type MutableMetrics,
} from '../../../diagnostics/index.js';
import type { EtcdError } from '../../../errors/index.js';
import type { EndpointRecord } from '../../endpoint.js';
import type { ShownService } from '../../shown-service.js';
import type { LastRecords } from '../last-records.js';
import type { ServiceStatus, ServiceView } from '../views/view.js';
import type { Departures } from './departures.js';
import { compareRecords, type RecordChanges } from './record-changes.js';
import { addServiceMetrics, countByState } from './service-metrics.js';

export interface ServiceDiagnosticsPorts {
  readonly target: string;
  readonly shown: ShownService;
  readonly clock: Clock;
  readonly diagnostics: ClientDiagnostics;
  readonly departures: Departures;
  readonly view: () => ServiceView | undefined;
  readonly status: () => ServiceStatus;
  /** Whether the store has the address of a record, under any key. */
  readonly hasAddress: (record: EndpointRecord) => boolean;
  /** Aborted when the service is no longer followed. */
  readonly signal: AbortSignal;
}

/** What one service of a directory shows of itself: the events of `etcd-naming:directory`, and metrics. */
export class ServiceDiagnostics implements MetricsSource {
  readonly #ports: ServiceDiagnosticsPorts;
  /** The endpoints of the last view; undefined before the first one. */
  #endpoints: readonly EndpointRecord[] | undefined;
  /** The keys of records that the store lost because it was replaced, and whose loss is unconfirmed. */
  readonly #replaced = new Set<string>();
  /** The keys of records that departed and are visible again because loss protection began later. */
  readonly #departed = new Set<string>();
  /** When loss protection began; undefined while nothing is protected. */
  #protectedSince: number | undefined;
  /** The state and the source of the last event. */
  #published = '';

  constructor(ports: ServiceDiagnosticsPorts) {
    this.#ports = ports;
  }

  /**
   * The list of another store, or of one that was wiped or restored, took the place of this view.
   * @param endpoints the records of the list, by key.
   */
  onReplacedStore(before: ServiceView, endpoints: ReadonlyMap<string, EndpointRecord>): void {
    for (const { key } of before.endpoints)
      if (!endpoints.has(key) && !before.unconfirmed.has(key)) this.#replaced.add(key);
  }

  /**
   * There is another view.
   * @param mayRemove whether the change that led to it may have removed endpoints.
   * @param last the last records of removed keys that changed since the view before.
   */
  onView(view: ServiceView, mayRemove: boolean, last?: LastRecords): void {
    const before = this.#endpoints;
    this.#endpoints = view.endpoints;
    if (before !== view.endpoints && (mayRemove || this.#isWanted))
      this.#onChanges(view, compareRecords(before ?? [], view.endpoints, last), before === undefined);
    for (const keys of [this.#replaced, this.#departed])
      for (const key of keys) if (!view.unconfirmed.has(key)) keys.delete(key);
    this.#followProtection(view);
    this.onStatus();
  }

  /** The state, the source or the age of the view may have changed. */
  onStatus(): void {
    const { diagnostics, shown, status, signal } = this.#ports;
    if (!this.#isWanted || signal.aborted) return;
    const { state, source, endpoints } = status();
    if (this.#published === `${state} ${source}`) return;
    this.#published = `${state} ${source}`;
    diagnostics.publish(directoryTopic, { type: 'state', ...shown.identity, state, source, endpoints });
  }

  onFailure(error: EtcdError): void {
    const { diagnostics, shown } = this.#ports;
    if (this.#isWanted) diagnostics.publish(directoryTopic, { type: 'failure', ...shown.identity, error });
  }

  addTo(metrics: MutableMetrics): void {
    const { shown, status, view } = this.#ports;
    const { state, source, staleMs, invalid, unconfirmed } = status();
    addServiceMetrics(metrics.services, {
      ...shown.identity,
      state,
      source,
      ageMs: staleMs,
      endpoints: countByState(view()),
      invalid,
      lossProtection: unconfirmed > 0,
      departures: { ...shown.departures },
    });
  }

  get #isWanted(): boolean {
    return this.#ports.diagnostics.wants(directoryTopic);
  }

  #onChanges(view: ServiceView, changes: RecordChanges, isFirst: boolean): void {
    if (this.#isWanted) this.#publishChanges(view, changes);
    this.#reportDepartures(view, changes.removed);
    if (isFirst || view.unconfirmed.size === 0) return;
    for (const { key } of changes.added) if (view.unconfirmed.has(key)) this.#departed.add(key);
  }

  #publishChanges({ revision, endpoints }: ServiceView, { added, changed, removed }: RecordChanges): void {
    if (added.length + changed + removed.length === 0) return;
    const { diagnostics, shown } = this.#ports;
    diagnostics.publish(directoryTopic, {
      type: 'endpoints',
      ...shown.identity,
      revision,
      endpoints: endpoints.length,
      added: added.length,
      changed,
      removed: removed.length,
    });
  }

  /** An address that the store has under another key did not depart: its server moved, or shares it with others. */
  #reportDepartures({ revision, invalid }: ServiceView, removed: readonly EndpointRecord[]): void {
    const { departures, target, shown, hasAddress, signal } = this.#ports;
    const departed = removed
      .filter((record) => !hasAddress(record) && !this.#departed.has(record.key))
      .map((record) => ({
        record,
        storeReplaced: this.#replaced.has(record.key),
        invalid: invalid.has(record.key),
      }));
    if (departed.length === 0) return;
    const from = { target, identity: shown.identity, revision, signal };
    departures.report(from, departed, (reason) => shown.countDeparture(this, reason));
  }

  #followProtection({ unconfirmed, endpoints: { length: endpoints } }: ServiceView): void {
    const { clock, diagnostics, shown } = this.#ports;
    const since = this.#protectedSince;
    if (since === undefined && unconfirmed.size > 0) {
      this.#protectedSince = clock.now();
      if (!this.#isWanted) return;
      const event = {
        type: 'loss-protection-started',
        ...shown.identity,
        unconfirmed: unconfirmed.size,
        endpoints,
      } as const;
      diagnostics.publish(directoryTopic, event);
    }
    if (since !== undefined && unconfirmed.size === 0) {
      this.#protectedSince = undefined;
      if (!this.#isWanted) return;
      const event = {
        type: 'loss-protection-ended',
        ...shown.identity,
        endpoints,
        durationMs: clock.now() - since,
      } as const;
      diagnostics.publish(directoryTopic, event);
    }
  }
}
