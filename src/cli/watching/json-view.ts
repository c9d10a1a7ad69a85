import type { EndpointEvent, EndpointRecord, EtcdError, Revision } from '../../index.js';
import { type Output, printJson } from '../io.js';
import { endpointJson } from '../records.js';
import type { Target } from '../target.js';
import { InvalidKeys } from './invalid.js';
import { QuietTimer } from './quiet-timer.js';
import type { WatchView } from './view.js';

/** One line of JSON for each event. */
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

  event(event: EndpointEvent): void {
    this.#revision = event.revision;
    const { type, revision } = event;
    const invalid = [...event.invalid].map((key) => this.#id(key));
    const { appeared, gone } = this.#invalid.update(event);
    if (event.type === 'snapshot') {
      const endpoints = this.#all(event.endpoints.values());
      this.#line({ type, revision, reason: event.reason, endpoints, invalid });
      return;
    }
    const { added, changed, removed } = event;
    // What came and went between two looks at the store is nobody's news.
    if (added.length + changed.length + removed.length + appeared.length + gone.length === 0) return;
    const endpoints = { added: this.#all(added), changed: this.#all(changed) };
    this.#line({ type, revision, ...endpoints, removed: removed.map((key) => this.#id(key)), invalid });
  }

  outage(forMs: number, error: EtcdError | undefined): void {
    this.#line({ type: 'outage', forMs: Math.round(forMs), error: error?.message ?? null });
    this.#quiet.stop(); // until etcd is reached again, nobody knows whether anything changed
  }

  recovered(afterMs: number): void {
    this.#line({ type: 'recovered', afterMs: Math.round(afterMs) });
  }

  end(): void {
    this.#quiet.stop();
  }

  #all(records: Iterable<EndpointRecord>): object[] {
    return Array.from(records, (record) => this.#record(record));
  }

  #record(record: EndpointRecord): object {
    const { key, createRevision, modRevision } = record;
    const lease = record.lease === 0n ? null : record.lease;
    return { ...endpointJson(this.#id(key), key, record), lease, createRevision, modRevision };
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
