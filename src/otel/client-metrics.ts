import { channel } from 'node:diagnostics_channel';
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { ClientMetrics, MetricsRequest } from '../index.js';
import { type InstrumentDefinition, instruments } from './instruments.js';

/** Observes the metrics of all open clients, with one request for each collection. */
export class ClientMetricsObserver {
  readonly #meter: Meter;
  readonly #observables: readonly { readonly definition: InstrumentDefinition; readonly to: Observable }[];
  readonly #requests = channel('etcd-naming:metrics');
  readonly #observe = (result: BatchObservableResult): void => {
    const request: MetricsRequest = { report: (metrics) => this.#report(metrics, result) };
    this.#requests.publish(request);
  };

  constructor(meter: Meter) {
    this.#meter = meter;
    this.#observables = instruments.map((definition) => ({ definition, to: create(meter, definition) }));
  }

  start(): void {
    this.#meter.addBatchObservableCallback(this.#observe, this.#all());
  }

  stop(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, this.#all());
  }

  #report(metrics: ClientMetrics, result: BatchObservableResult): void {
    const client = { 'etcd_naming.client': metrics.client };
    for (const { definition, to } of this.#observables)
      for (const { value, attributes } of definition.read(metrics))
        result.observe(to, value, { ...attributes, ...client });
  }

  #all(): Observable[] {
    return this.#observables.map(({ to }) => to);
  }
}

function create(meter: Meter, { name, kind, unit, description }: InstrumentDefinition): Observable {
  const fullName = `etcd_naming.${name}`;
  const options = { unit, description };
  return kind === 'counter'
    ? meter.createObservableCounter(fullName, options)
    : meter.createObservableGauge(fullName, options);
}
