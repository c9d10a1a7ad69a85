import type { EndpointEvent, EndpointRecord, EtcdError, Revision } from '../../index.js';
import type { Target } from '../args/target.js';
import { endpointToJson } from '../data/records.js';
import { type Output, printJson } from '../output/io.js';
import { InvalidKeys } from './invalid-keys.js';
import { QuietTimer } from './quiet-timer.js';
import type { WatchView } from './view.js';

/** Prints one line of JSON for each event. */
export class JsonView implements WatchView {
  readonly #output: Output;
  readonly #target: Target;
  readonly #invalid = new InvalidKeys();
  readonly #quiet: QuietTimer;
  #revision: Revision = 0n;

  constructor(output: Output, target: Target) {
    this.#output = output;
    this.#target = target;
    this.#quiet = new QuietTimer((quietMs) =>
      this.#print({ type: 'unchanged', revision: this.#revision, forMs: quietMs }),
    );
  }

  onEvent(event: EndpointEvent): void {
    this.#revision = event.revision;
    const { type, revision } = event;
    const invalid = [...event.invalid].map((key) => this.#id(key));
    const invalidChanges = this.#invalid.update(event);
    if (event.type === 'snapshot') {
      const endpoints = this.#recordsToJson(event.endpoints.values());
      this.#line({ type, revision, reason: event.reason, endpoints, invalid });
      return;
    }
    const { added, changed, removed } = event;
    const changes = [added, changed, removed, invalidChanges.added, invalidChanges.removed];
    // Without any, a record was added and removed within one update.
    if (changes.every(({ length }) => length === 0)) return;
    const endpoints = { added: this.#recordsToJson(added), changed: this.#recordsToJson(changed) };
    this.#line({ type, revision, ...endpoints, removed: removed.map((key) => this.#id(key)), invalid });
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#line({ type: 'outage', forMs: Math.round(forMs), error: error?.message ?? null });
    this.#quiet.stop(); // during an outage it is unknown whether anything changed
  }

  onRecovery(afterMs: number): void {
    this.#line({ type: 'recovered', afterMs: Math.round(afterMs) });
  }

  close(): void {
    this.#quiet.stop();
  }

  #recordsToJson(records: Iterable<EndpointRecord>): object[] {
    return Array.from(records, (record) => this.#recordToJson(record));
  }

  #recordToJson(record: EndpointRecord): object {
    const { key, createRevision, modRevision } = record;
    const lease = record.lease === 0n ? null : record.lease;
    return { ...endpointToJson(this.#id(key), key, record), lease, createRevision, modRevision };
  }

  #id(key: string): string {
    return key.slice(this.#target.prefix.length);
  }

  #line(document: object): void {
    this.#print(document);
    this.#quiet.restart();
  }

  #print(document: object): void {
    printJson(this.#output, { time: new Date().toISOString(), ...document });
  }
}
