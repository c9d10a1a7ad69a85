import type { KeyValue } from '../../model/index.js';

/** The target size of a page: that of a chunk of etcd's RangeStream, which is near its `--max-request-bytes`. */
const targetBytes = 1024 * 1024;
/**
 * Small, because the size of the values is not known yet, a value may have 1.5 MiB, and etcd builds a response whole.
 */
export const initialKeys = 16;
const maxKeys = 8_192;

/**
 * The number of keys to request per page. etcd limits a page by keys and not by bytes, so the size of the next page
 * follows from the last one. It grows at most eightfold, because the next values may be larger.
 */
export class PageSize {
  #keys: number;

  constructor(first = initialKeys) {
    this.#keys = first;
  }

  get keys(): number {
    return this.#keys;
  }

  /** Sizes the next page by the keys of the last one. */
  adapt(kvs: readonly KeyValue[]): void {
    if (kvs.length === 0) return;
    let bytes = 0;
    for (const { key, value } of kvs) bytes += key.length + value.length + 32; // 32: the numeric fields and tags
    const fittingKeys = Math.floor((targetBytes * kvs.length) / bytes);
    this.#keys = Math.max(1, Math.min(fittingKeys, this.#keys * 8, maxKeys));
  }

  /** Requests fewer keys after a page that was too large. Returns false if the page had one key already. */
  shrink(): boolean {
    if (this.#keys === 1) return false;
    this.#keys = Math.max(1, Math.floor(this.#keys / 8));
    return true;
  }
}
