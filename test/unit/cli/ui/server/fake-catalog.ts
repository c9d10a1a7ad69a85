import type { Catalog, CatalogListener, CatalogSnapshot } from '#src/cli/ui/ports.js';
import type {
  DeltaMessage,
  EndpointRow,
  Queue,
  Settings,
  StatusMessage,
  TimelineEntry,
  TimelineReply,
} from '#src/cli/ui/protocol/index.js';

export const settings: Settings = {
  prefix: '',
  readOnly: false,
  canDrain: true,
  canSetWeight: true,
  version: '0.0.0',
  endpoints: [],
};

export function rowOf(key: string, revision: number): EndpointRow {
  const text = String(revision);
  return {
    ...{
      key,
      service: 'svc',
      id: key,
      addr: `10.0.0.1:${revision}`,
      weight: 1,
      firstSeen: 0,
      preexisting: false,
    },
    ...{ createRevision: text, modRevision: text },
  };
}

export function queueOf(name: string, revision: number): Queue {
  const entry = { key: `${name}/1`, lease: '1', value: '', createRevision: String(revision), firstSeen: 0 };
  return { name, kind: 'lock', entries: [{ ...entry, preexisting: false }], heldSince: 0, heldBefore: true };
}

export function deltaOf(revision: number, changes: Partial<DeltaMessage>): DeltaMessage {
  const none = { puts: [], removed: [], queues: [], removedQueues: [], entries: [] };
  return { type: 'delta', revision: String(revision), ...none, ...changes };
}

/** A catalog whose changes a test makes. Each changes the state first, and is then published. */
export class FakeCatalog implements Catalog {
  readonly rows = new Map<string, EndpointRow>();
  readonly queues = new Map<string, Queue>();
  isListed = true;
  revision = 1;
  entries = 0;
  readonly #listeners = new Set<CatalogListener>();

  snapshot(): CatalogSnapshot | undefined {
    if (!this.isListed) return undefined;
    const { rows, queues } = this;
    // Lazy, as a view of a map is: later changes show in it.
    return { revision: String(this.revision), rows: rows.values(), size: rows.size, queues: queues.values() };
  }

  row(key: string): EndpointRow | undefined {
    return this.rows.get(key);
  }

  /** The error is the state that the status confirms. */
  status(): StatusMessage {
    return { type: 'status', etcd: 'live', confirmedMsAgo: 0, now: 0, error: this.digest() };
  }

  digest(): string {
    return digestOf(this.rows, this.queues);
  }

  timeline(): TimelineReply {
    return { entries: [], dropped: 0 };
  }

  listen(listener: CatalogListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(...keys: string[]): void {
    this.revision++;
    const puts = keys.map((key) => rowOf(key, this.revision));
    for (const row of puts) this.rows.set(row.key, row);
    this.#publish({ puts, entries: [this.newEntry()] });
  }

  remove(key: string): void {
    if (!this.rows.delete(key)) return;
    this.revision++;
    this.#publish({ removed: [key], entries: [this.newEntry()] });
  }

  putQueue(name: string): void {
    const queue = queueOf(name, ++this.revision);
    this.queues.set(name, queue);
    this.#publish({ queues: [queue] });
  }

  removeQueue(name: string): void {
    if (!this.queues.delete(name)) return;
    this.revision++;
    this.#publish({ removedQueues: [name] });
  }

  /** Everything is listed again, as after an outage. */
  replace(keys: readonly string[]): void {
    this.revision++;
    this.rows.clear();
    for (const key of keys) this.rows.set(key, rowOf(key, this.revision));
    this.#publish({ entries: [this.newEntry()] });
    for (const listener of this.#listeners) listener.onReplaced();
  }

  changeStatus(): void {
    for (const listener of this.#listeners) listener.onStatus();
  }

  newEntry(): TimelineEntry {
    return { n: ++this.entries, at: 0, what: { type: 'etcd-away' } };
  }

  #publish(changes: Partial<DeltaMessage>): void {
    const delta = deltaOf(this.revision, changes);
    for (const listener of this.#listeners) listener.onDelta(delta);
  }
}

/** The whole state as a text. */
export function digestOf(rows: ReadonlyMap<string, EndpointRow>, queues: ReadonlyMap<string, Queue>): string {
  const parts = [...rows].map(([key, row]) => `${key}@${row.modRevision}`);
  const names = [...queues].map(([name, { entries }]) => `${name}#${entries[0]?.createRevision}`);
  return [...parts.sort(), ...names.sort()].join(' ');
}
