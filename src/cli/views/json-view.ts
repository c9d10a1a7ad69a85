import type { EndpointEvent, EndpointRecord, EtcdError } from '../../index.js';
import { codecToJson, type Target } from '../args/target.js';
import { noRemovals, type Removals } from '../data/departures.js';
import { endpointToJson } from '../data/records.js';
import { type Output, printJson } from '../output/io.js';
import { InvalidKeys } from './invalid-keys.js';
import { outageToJson } from './outages.js';
import { QuietPrinter } from './quiet-printer.js';
import type { WatchView } from './view.js';

/** Prints one line of JSON for each event. */
export class JsonView implements WatchView {
  readonly #target: Target;
  readonly #printer: QuietPrinter<object>;
  readonly #invalid = new InvalidKeys();

  constructor(output: Output, target: Target) {
    this.#target = target;
    this.#printer = new QuietPrinter<object>(
      (document) => printJson(output, { time: new Date().toISOString(), ...document }),
      {
        unchanged: (forMs, revision) => ({ type: 'unchanged', revision, forMs }),
        outage: (outage) => ({ type: 'outage', ...outageToJson(outage) }),
      },
    );
  }

  onEvent(event: EndpointEvent, removals = noRemovals): void {
    this.#printer.revision = event.revision;
    const { type, revision } = event;
    const codec = codecToJson(this.#target);
    const invalid = [...event.invalid].map((key) => this.#id(key));
    const invalidChanges = this.#invalid.update(event);
    if (event.type === 'snapshot') {
      const endpoints = this.#recordsToJson(event.endpoints.values());
      const departed = this.#removalsToJson(removals);
      this.#printer.line({ type, ...codec, revision, reason: event.reason, endpoints, departed, invalid });
      return;
    }
    const { added, changed, removed } = event;
    const changes = [added, changed, removed, invalidChanges.added, invalidChanges.removed];
    // An event without changes: a record was added and removed within one update.
    if (changes.every(({ length }) => length === 0)) return;
    const endpoints = { added: this.#recordsToJson(added), changed: this.#recordsToJson(changed) };
    this.#printer.line({
      type,
      ...codec,
      revision,
      ...endpoints,
      removed: removed.map((key) => this.#id(key)),
      departed: this.#removalsToJson(removals),
      invalid,
    });
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#printer.outage(forMs, error);
  }

  onRecovery(afterMs: number): void {
    this.#printer.recover();
    this.#printer.line({ type: 'recovered', afterMs: Math.round(afterMs) });
  }

  close(): void {
    this.#printer.close();
  }

  #recordsToJson(records: Iterable<EndpointRecord>): object[] {
    return Array.from(records, (record) => this.#recordToJson(record));
  }

  /** Keys whose value was not an endpoint have no address and no reason. */
  #removalsToJson(removals: Removals): object[] {
    return Array.from(removals.values(), ({ record: { key, addr }, reason }) => ({
      id: this.#id(key),
      addr,
      reason,
    }));
  }

  #recordToJson(record: EndpointRecord): object {
    const { key, createRevision, modRevision } = record;
    const lease = record.lease === 0n ? null : record.lease;
    return { ...endpointToJson(this.#id(key), key, record), lease, createRevision, modRevision };
  }

  #id(key: string): string {
    return key.slice(this.#target.prefix.length);
  }
}
