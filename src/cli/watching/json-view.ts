import type { EndpointEvent, EndpointRecord, EtcdError } from '../../index.js';
import type { Output } from '../io.js';
import { toJson } from '../json.js';
import { endpointJson } from '../records.js';
import type { Target } from '../target.js';
import type { WatchView } from './view.js';

/** One line of JSON for each event. */
export class JsonView implements WatchView {
  readonly #output: Output;
  readonly #target: Target;

  constructor(output: Output, target: Target) {
    this.#output = output;
    this.#target = target;
  }

  event(event: EndpointEvent): void {
    const { type, revision } = event;
    const id = (key: string) => key.slice(this.#target.prefix.length);
    const all = (records: Iterable<EndpointRecord>) => [...records].map((record) => this.#record(record));
    if (event.type === 'snapshot') {
      const { reason, endpoints, invalid } = event;
      this.#line({
        type,
        revision,
        reason,
        endpoints: all(endpoints.values()),
        invalid: [...invalid].map(id),
      });
    } else {
      const { added, changed, removed } = event;
      // What came and went between two looks at the store is nobody's news.
      if (added.length + changed.length + removed.length === 0) return;
      this.#line({ type, revision, added: all(added), changed: all(changed), removed: removed.map(id) });
    }
  }

  outage(forMs: number, error: EtcdError | undefined): void {
    this.#line({ type: 'outage', forMs: Math.round(forMs), error: error?.message ?? null });
  }

  recovered(afterMs: number): void {
    this.#line({ type: 'recovered', afterMs: Math.round(afterMs) });
  }

  end(): void {}

  #record(record: EndpointRecord): object {
    const { key, createRevision, modRevision } = record;
    const lease = record.lease === 0n ? null : record.lease;
    const id = key.slice(this.#target.prefix.length);
    return { ...endpointJson(id, key, record), lease, createRevision, modRevision };
  }

  #line(document: object): void {
    this.#output.write(`${toJson({ time: new Date().toISOString(), ...document })}\n`);
  }
}
