import { channel } from 'node:diagnostics_channel';
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { ClientLifecycleDiagnostics, ClientMetrics, MetricsRequest } from '../index.js';
import { EndedClients } from './ended-clients.js';
import type { Guard } from './guard.js';
import { type InstrumentDefinition, instruments, readSeries } from './instruments.js';
import { SeriesTable } from './series.js';

/** An instrument, and the series that it had in the last collection. */
interface Instrument {
  readonly definition: InstrumentDefinition;
  readonly to: Observable;
  last: SeriesTable;
}

/** Observes the metrics of all clients, with one request for each collection. */
export class ClientMetricsObserver {
  readonly #meter: Meter;
  readonly #guard: Guard;
  readonly #instruments: readonly Instrument[];
  readonly #ended = new EndedClients(instruments.filter(({ kind }) => kind === 'counter'));
  readonly #requests = channel('etcd-naming:metrics');
  readonly #clients = channel('etcd-naming:client');
  readonly #observe = (result: BatchObservableResult): void => {
    const reported = this.#request();
    for (const instrument of this.#instruments)
      this.#guard.run(`the collection of ${instrument.definition.name}`, () =>
        this.#observeOne(instrument, reported, result),
      );
  };
  readonly #onClient = (message: unknown): void => {
    const event = message as ClientLifecycleDiagnostics;
    if (event.type === 'closed')
      this.#guard.run('the last metrics of a client', () => this.#ended.add(event.metrics));
  };

  constructor(meter: Meter, guard: Guard) {
    this.#meter = meter;
    this.#guard = guard;
    this.#instruments = instruments.map((definition) => ({
      definition,
      to: create(meter, definition),
      last: new SeriesTable(),
    }));
  }

  start(): void {
    this.#clients.subscribe(this.#onClient);
    this.#meter.addBatchObservableCallback(this.#observe, this.#all());
  }

  stop(): void {
    this.#clients.unsubscribe(this.#onClient);
    this.#meter.removeBatchObservableCallback(this.#observe, this.#all());
  }

  /** The metrics of the open clients, and the names of those that closed since the last collection. */
  #request(): Reported {
    const open: ClientMetrics[] = [];
    const request: MetricsRequest = { report: (metrics) => open.push(metrics) };
    this.#requests.publish(request);
    const names = new Set([...open.map(({ client }) => client), ...this.#ended.takeNew()]);
    return { open, names };
  }

  #observeOne(instrument: Instrument, reported: Reported, result: BatchObservableResult): void {
    const { definition, to, last } = instrument;
    const now =
      definition.kind === 'counter' ? this.#count(definition, reported) : gauges(definition, reported);
    for (const { value, attributes } of now) result.observe(to, value, attributes);
    // The SDK repeats the last value of what is no longer observed; a counter keeps its count.
    if (definition.kind === 'gauge')
      for (const { attributes } of last.without(now)) result.observe(to, definition.gone, attributes);
    instrument.last = now;
  }

  /** The counts of open clients, with those of the closed ones of the same name. */
  #count(definition: InstrumentDefinition, { open, names }: Reported): SeriesTable {
    const table = new SeriesTable();
    for (const name of names)
      for (const { attributes, value } of this.#ended.counts(name, definition) ?? [])
        table.add(attributes, value);
    for (const metrics of open)
      for (const { attributes, value } of readSeries(definition, metrics)) table.add(attributes, value);
    return table;
  }

  #all(): Observable[] {
    return this.#instruments.map(({ to }) => to);
  }
}

interface Reported {
  readonly open: readonly ClientMetrics[];
  /** Those of the open clients too. */
  readonly names: ReadonlySet<string>;
}

/** States cannot be added: of clients with the same name, the last one counts. */
function gauges(definition: InstrumentDefinition, { open }: Reported): SeriesTable {
  const table = new SeriesTable();
  for (const metrics of open)
    for (const { attributes, value } of readSeries(definition, metrics)) table.set(attributes, value);
  return table;
}

function create(meter: Meter, { name, kind, unit, description }: InstrumentDefinition): Observable {
  const fullName = `etcd_naming.${name}`;
  const options = { unit, description };
  return kind === 'counter'
    ? meter.createObservableCounter(fullName, options)
    : meter.createObservableGauge(fullName, options);
}
