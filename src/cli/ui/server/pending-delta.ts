import type { DeltaMessage, EndpointRow, Queue, TimelineEntry } from '../protocol/index.js';

/** The net changes of the deltas that wait to be sent together. */
export class PendingDelta {
  #revision: string | undefined;
  readonly #rows = new NetChanges<EndpointRow>();
  readonly #queues = new NetChanges<Queue>();
  readonly #entries: TimelineEntry[] = [];

  /** The number of changes and entries. */
  get size(): number {
    return this.#rows.size + this.#queues.size + this.#entries.length;
  }

  add(delta: DeltaMessage): void {
    this.#revision = delta.revision;
    for (const key of delta.removed) this.#rows.remove(key);
    for (const row of delta.puts) this.#rows.put(row.key, row);
    for (const name of delta.removedQueues) this.#queues.remove(name);
    for (const queue of delta.queues) this.#queues.put(queue.name, queue);
    for (const entry of delta.entries) this.#entries.push(entry);
  }

  /** Returns the changes as one message, and forgets them; undefined without any. */
  take(): DeltaMessage | undefined {
    if (this.#revision === undefined) return undefined;
    const [puts, removed] = this.#rows.take();
    const [queues, removedQueues] = this.#queues.take();
    const entries = this.#entries.splice(0);
    const message = { revision: this.#revision, puts, removed, queues, removedQueues, entries };
    this.#revision = undefined;
    return { type: 'delta', ...message };
  }
}

/** The last state of each name that changed. A name that came and went is removed: a page may know an older state. */
class NetChanges<T> {
  /** Undefined for what is gone. */
  #changes = new Map<string, T | undefined>();

  get size(): number {
    return this.#changes.size;
  }

  put(name: string, value: T): void {
    this.#changes.set(name, value);
  }

  remove(name: string): void {
    this.#changes.set(name, undefined);
  }

  take(): [puts: T[], removed: string[]] {
    const [puts, removed]: [T[], string[]] = [[], []];
    for (const [name, value] of this.#changes)
      if (value === undefined) removed.push(name);
      else puts.push(value);
    this.#changes = new Map();
    return [puts, removed];
  }
}
