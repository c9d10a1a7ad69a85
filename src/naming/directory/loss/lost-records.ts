import type { EndpointRecord } from '../../endpoint.js';

/** An endpoint that the store no longer has. */
export interface LostRecord {
  readonly record: EndpointRecord;
  /** When a read may first confirm the loss: the time of the loss, or the end of its protection time. */
  readonly confirmableAt: number;
  /** Whether the loss was observed after an outage or a silence of etcd, so that its server may register again. */
  readonly suspect: boolean;
  /** The number of reads that started before the loss and therefore cannot confirm it. */
  readonly readsBefore: number;
}

/** Lost endpoints by key, and by address, since a server may register again under another key. */
export class LostRecords implements Iterable<LostRecord> {
  readonly #onChange: (key: string) => void;
  readonly #nameOf: (record: EndpointRecord) => string;
  readonly #byKey = new Map<string, LostRecord>();
  readonly #byName = new Map<string, Set<string>>();
  /** The keys, as a set that never changes; undefined until it is needed. */
  #keys: ReadonlySet<string> | undefined;

  /**
   * @param nameOf Returns the name of a record's address.
   * @param onChange Called with each key that is added or deleted.
   */
  constructor(
    nameOf: (record: EndpointRecord) => string = ({ addr }) => addr,
    onChange: (key: string) => void = () => {},
  ) {
    this.#nameOf = nameOf;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The number of different addresses. */
  get names(): number {
    return this.#byName.size;
  }

  /** The keys at this time. */
  get keys(): ReadonlySet<string> {
    this.#keys ??= new Set(this.#byKey.keys());
    return this.#keys;
  }

  get(key: string): LostRecord | undefined {
    return this.#byKey.get(key);
  }

  [Symbol.iterator](): Iterator<LostRecord> {
    return this.#byKey.values();
  }

  add(lost: LostRecord): void {
    const { key } = lost.record;
    this.delete(key);
    this.#byKey.set(key, lost);
    this.#changed(key);
    const name = this.#nameOf(lost.record);
    const keys = this.#byName.get(name);
    if (keys) keys.add(key);
    else this.#byName.set(name, new Set([key]));
  }

  delete(key: string): void {
    const lost = this.#byKey.get(key);
    if (!lost) return;
    this.#byKey.delete(key);
    this.#changed(key);
    const name = this.#nameOf(lost.record);
    const keys = this.#byName.get(name);
    keys?.delete(key);
    if (keys?.size === 0) this.#byName.delete(name);
  }

  /** Removes the losses with the key or the address of a record that is present. */
  deleteReturned(record: EndpointRecord): void {
    if (this.#byKey.size === 0) return;
    this.delete(record.key);
    for (const otherKey of this.#byName.get(this.#nameOf(record)) ?? []) this.delete(otherKey);
  }

  deleteIf(isOver: (lost: LostRecord) => boolean): void {
    for (const lost of this.#byKey.values()) if (isOver(lost)) this.delete(lost.record.key);
  }

  #changed(key: string): void {
    this.#keys = undefined;
    this.#onChange(key);
  }
}
