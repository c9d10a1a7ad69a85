import type { KeyValue } from '../model/index.js';

/** What a page is to weigh: as much as a piece of etcd's own RangeStream, near its `--max-request-bytes`. */
const targetBytes = 1024 * 1024;
/** Their size is not known yet: etcd builds an answer whole, and the largest values have a megabyte and a half. */
export const firstKeys = 16;
const mostKeys = 8_192;

/**
 * How many keys to ask for at once. etcd counts a page in keys and not in bytes, so the next page is sized by the last;
 * it grows by at most eight times, since values may grow from one page to the next.
 */
export class PageSize {
  #keys: number;

  constructor(first = firstKeys) {
    this.#keys = first;
  }

  get keys(): number {
    return this.#keys;
  }

  learn(kvs: readonly KeyValue[]): void {
    if (kvs.length === 0) return;
    let bytes = 0;
    for (const { key, value } of kvs) bytes += key.length + value.length + 32; // revisions, version, lease, tags
    const fitting = Math.floor((targetBytes * kvs.length) / bytes);
    this.#keys = Math.max(1, Math.min(fitting, this.#keys * 8, mostKeys));
  }

  /** After a page that was too large to take; false when it had one key only. */
  shrink(): boolean {
    if (this.#keys === 1) return false;
    this.#keys = Math.max(1, Math.floor(this.#keys / 8));
    return true;
  }
}
