import type { DeltaMessage, EndpointRow } from '../../protocol/index.js';
import { RecordTable } from './record-table.js';
import type { Service } from './service.js';

/** What changed since the last call: the names are those of the records and services that are new, changed or gone. */
export interface StoreChanges {
  readonly keys: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

export interface StoreListener {
  onChanges(changes: StoreChanges): void;
  /** All records were replaced. */
  onReplaced(): void;
}

/** The records that the page shows. Changes are collected, and published together by `publish`. */
export class RecordStore {
  #table = new RecordTable();
  #keys = new Set<string>();
  #services = new Set<string>();
  #replaced = false;
  readonly #listeners = new Set<StoreListener>();

  get rows(): ReadonlyMap<string, EndpointRow> {
    return this.#table.rows;
  }

  get services(): ReadonlyMap<string, Service> {
    return this.#table.services;
  }

  apply(delta: Pick<DeltaMessage, 'puts' | 'removed'>): void {
    for (const row of delta.puts) {
      this.#mark(row.key, this.rows.get(row.key)?.service);
      this.#mark(row.key, row.service);
      this.#table.put(row);
    }
    for (const key of delta.removed) this.#mark(key, this.#table.remove(key)?.service);
  }

  replace(table: RecordTable): void {
    this.#table = table;
    this.#replaced = true;
  }

  /** Calls back with changes. The returned function ends that. */
  listen(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(): void {
    const changes = { keys: this.#keys, services: this.#services };
    const replaced = this.#replaced;
    this.#keys = new Set();
    this.#services = new Set();
    this.#replaced = false;
    if (replaced) for (const listener of this.#listeners) listener.onReplaced();
    else if (changes.keys.size > 0) for (const listener of this.#listeners) listener.onChanges(changes);
  }

  #mark(key: string, service: string | undefined): void {
    if (service === undefined) return;
    this.#keys.add(key);
    this.#services.add(service);
  }
}
