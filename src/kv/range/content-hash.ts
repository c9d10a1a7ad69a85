import { createHash } from 'node:crypto';
import type { KeyValue } from '../../model/index.js';

const numbersBytes = 2 * 4 + 4 * 8;
const scratchBytes = 64 * 1024;

/** A count and a hash of key-values, with all their fields, in the order they were added. */
export class ContentHash {
  readonly #hash = createHash('sha256');
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  readonly #numbers = new DataView(this.#scratch.buffer);
  #filled = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds key-values in the order of their keys. */
  add(kvs: readonly KeyValue[]): void {
    for (const kv of kvs) this.#add(kv);
    this.#count += kvs.length;
  }

  /** Whether the same key-values were added to both, regardless of the batches. */
  equals(other: ContentHash): boolean {
    return this.#count === other.#count && this.#digest().equals(other.#digest());
  }

  /**
   * The lengths come first, so that different lists never produce the same bytes. The bytes are buffered, because each
   * call of the hash costs as much as hashing 500 bytes.
   */
  #add({ key, value, createRevision, modRevision, version, lease }: KeyValue): void {
    const length = numbersBytes + key.length + value.length;
    if (this.#filled + length > scratchBytes) this.#flush();
    const isLarge = length > scratchBytes;
    const [numbers, scratch] = [this.#numbers, this.#scratch];
    let at = this.#filled;
    numbers.setUint32(at, key.length);
    numbers.setUint32(at + 4, value.length);
    numbers.setBigInt64(at + 8, createRevision);
    numbers.setBigInt64(at + 16, modRevision);
    numbers.setBigInt64(at + 24, version);
    numbers.setBigInt64(at + 32, lease);
    at += numbersBytes;
    if (isLarge) {
      this.#filled = at;
      this.#flush();
      this.#hash.update(key).update(value);
      return;
    }
    at += key.copy(scratch, at);
    this.#filled = at + value.copy(scratch, at);
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(this.#scratch.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #digest(): Buffer {
    this.#flush();
    return this.#hash.copy().digest();
  }
}
