import type { Revision } from '../../../index.js';
import type { EndpointRow, Queue } from '../protocol/index.js';
import type { Queues } from './queues.js';
import type { Seen, StoredRow } from './row.js';
import type { RowEvent } from './row-events.js';

/** A record that left, and whether its key has another value that is not an endpoint. */
export interface DepartedRow {
  readonly stored: StoredRow;
  readonly invalid: boolean;
}

interface ServiceEvent {
  readonly service: string;
  readonly event: RowEvent;
}

/** The effect of an update. */
export interface Change {
  readonly revision: Revision;
  readonly puts: ReadonlyMap<string, EndpointRow>;
  readonly removed: ReadonlySet<string>;
  readonly queues: readonly Queue[];
  readonly removedQueues: readonly string[];
  /** What left. Precedes the events: a record that moved to another key left its own before. */
  readonly departed: readonly DepartedRow[];
  readonly events: readonly ServiceEvent[];
  /** Whether the update continues what was known: false for a list in which nothing is as it was before. */
  readonly isContinuous: boolean;
}

/** Collects the effect of one update. */
export class ChangeCollector {
  readonly seen: Seen;
  isContinuous = true;
  readonly #revision: Revision;
  readonly #isFirst: boolean;
  readonly #puts = new Map<string, EndpointRow>();
  readonly #removed = new Set<string>();
  readonly #departed: DepartedRow[] = [];
  readonly #events: ServiceEvent[] = [];
  readonly #queues = new Set<string>();

  constructor(revision: Revision, seen: Seen, isFirst: boolean) {
    this.#revision = revision;
    this.seen = seen;
    this.#isFirst = isFirst;
  }

  putRow(key: string, row: EndpointRow): void {
    this.#removed.delete(key);
    this.#puts.set(key, row);
  }

  removeRow(key: string): void {
    this.#puts.delete(key);
    this.#removed.add(key);
  }

  touchQueue(name: string): void {
    this.#queues.add(name);
  }

  addDeparture(departed: DepartedRow): void {
    this.#departed.push(departed);
  }

  /** What is in the first list happened before: the function is not called for it. */
  addEvent(service: string, eventOf: () => RowEvent | undefined): void {
    const event = this.#isFirst ? undefined : eventOf();
    if (event) this.#events.push({ service, event });
  }

  finish(state: Queues): Change {
    const queues = [...this.#queues].map((name) => ({ name, queue: state.get(name) }));
    return {
      revision: this.#revision,
      puts: this.#puts,
      removed: this.#removed,
      queues: queues.flatMap(({ queue }) => queue ?? []),
      removedQueues: queues.filter(({ queue }) => !queue).map(({ name }) => name),
      departed: this.#departed,
      events: this.#events,
      isContinuous: this.isContinuous,
    };
  }
}
