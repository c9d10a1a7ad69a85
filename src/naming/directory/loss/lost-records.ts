import type { EndpointRecord } from '../../endpoint.js';

/** An endpoint that the store no longer has. */
export interface LostRecord {
  readonly record: EndpointRecord;
  /** When it went; for one that is held, the moment before which it is not let go. */
  readonly confirmableAt: number;
  /** Whether it went while etcd had just been out of reach, or was read again: its server may be about to return. */
  readonly suspect: boolean;
  /** The reads that had begun when it went: none of them says anything about it. */
  readonly readsBefore: number;
}

/** Endpoints that are gone, by key, and by address: a server that returns may do so under another key. */
export class LostRecords implements Iterable<LostRecord> {
  readonly #byKey = new Map<string, LostRecord>();
  readonly #byAddr = new Map<string, Set<string>>();

  get size(): number {
    return this.#byKey.size;
  }

  keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  [Symbol.iterator](): Iterator<LostRecord> {
    return this.#byKey.values();
  }

  add(lost: LostRecord): void {
    const { key, addr } = lost.record;
    this.delete(key);
    this.#byKey.set(key, lost);
    const keys = this.#byAddr.get(addr);
    if (keys) keys.add(key);
    else this.#byAddr.set(addr, new Set([key]));
  }

  delete(key: string): void {
    const lost = this.#byKey.get(key);
    if (!lost) return;
    this.#byKey.delete(key);
    const keys = this.#byAddr.get(lost.record.addr);
    keys?.delete(key);
    if (keys?.size === 0) this.#byAddr.delete(lost.record.addr);
  }

  /** The record is there: whatever was lost under its key or its address is not lost any more. */
  deleteReturned({ key, addr }: EndpointRecord): void {
    this.delete(key);
    for (const same of this.#byAddr.get(addr) ?? []) this.delete(same);
  }

  deleteIf(isOver: (lost: LostRecord) => boolean): void {
    for (const lost of this.#byKey.values()) if (isOver(lost)) this.delete(lost.record.key);
  }

  clear(): void {
    this.#byKey.clear();
    this.#byAddr.clear();
  }
}
