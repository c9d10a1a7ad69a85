import { createHash } from 'node:crypto';
import type { KeyValue } from '../model/index.js';

const numbersBytes = 2 * 4 + 4 * 8;
const scratchBytes = 64 * 1024;

/** What was read of a range so far, as a count and a hash of all that etcd said of each key, value included. */
export class Delivered {
  readonly #hash = createHash('sha256');
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  readonly #numbers = new DataView(this.#scratch.buffer);
  #filled = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** In the order of keys. */
  add(kvs: readonly KeyValue[]): void {
    for (const kv of kvs) this.#add(kv);
    this.#count += kvs.length;
  }

  /** Whether both were given the same key-values, in pieces of whatever size. */
  equals(other: Delivered): boolean {
    return this.#count === other.#count && this.#digest().equals(other.#digest());
  }

  /** Lengths first, so that no two lists are written alike. In pieces of some size: each call of the hash costs as much as 500 bytes. */
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
