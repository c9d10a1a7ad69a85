import type { EndpointRecord } from '../../endpoint.js';
import { type FindRecord, SortedRecords, type VisibleRecords } from '../views/sorted-records.js';
import type { RecordRules } from './record-rules.js';

/**
 * The records of a service that is stored in several formats, in key order: of an address, only the records of the first
 * format that has it. Updated at the cost of the change.
 */
export class PreferredRecords implements VisibleRecords {
  readonly #rules: Pick<RecordRules, 'nameOf' | 'rankOf'>;
  readonly #shown = new SortedRecords();
  readonly #byKey = new Map<string, EndpointRecord>();
  /** The records with the same address. */
  readonly #byName = new Map<string, Set<EndpointRecord>>();

  constructor(rules: Pick<RecordRules, 'nameOf' | 'rankOf'>) {
    this.#rules = rules;
  }

  get all(): readonly EndpointRecord[] {
    return this.#shown.all;
  }

  update(keys: ReadonlySet<string>, find: FindRecord): void {
    const names = new Set<string>();
    for (const key of keys) {
      const before = this.#byKey.get(key);
      const after = find(key);
      if (before === after) continue;
      if (before) names.add(this.#remove(before));
      if (after) names.add(this.#add(after));
    }
    const affected = new Set(keys);
    for (const name of names) for (const { key } of this.#byName.get(name) ?? []) affected.add(key);
    this.#shown.update(affected, (key) => this.#preferred(key));
  }

  shown(keys: ReadonlySet<string>): ReadonlySet<string> {
    return keys.size === 0 ? keys : new Set([...keys].filter((key) => this.#preferred(key) !== undefined));
  }

  #add(record: EndpointRecord): string {
    const name = this.#rules.nameOf(record);
    const same = this.#byName.get(name);
    if (same) same.add(record);
    else this.#byName.set(name, new Set([record]));
    this.#byKey.set(record.key, record);
    return name;
  }

  #remove(record: EndpointRecord): string {
    const name = this.#rules.nameOf(record);
    const same = this.#byName.get(name);
    same?.delete(record);
    if (same?.size === 0) this.#byName.delete(name);
    this.#byKey.delete(record.key);
    return name;
  }

  #preferred(key: string): EndpointRecord | undefined {
    const record = this.#byKey.get(key);
    if (!record) return undefined;
    const { nameOf, rankOf } = this.#rules;
    const rank = rankOf(record);
    for (const same of this.#byName.get(nameOf(record)) ?? []) if (rankOf(same) < rank) return undefined;
    return record;
  }
}
