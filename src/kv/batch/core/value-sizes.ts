/** A value above this size is remembered with its key; smaller ones only change the average. */
const largeBytes = 16 * 1024;
const maxRemembered = 1_000;
/** What an operation and its result take in memory besides the value: objects, the key, the header. */
const overheadBytes = 1_024;
/** The share of a new size in the average: it rises faster than it falls. */
const risingShare = 1 / 16;
const fallingShare = 1 / 64;

/** Estimates the size of answers from earlier ones. */
export class ValueSizes {
  readonly #large = new Map<string, number>();
  #average = 0;

  /** The expected size of a key's result. A key that was not read before is expected to be average. */
  expected(name: string): number {
    return overheadBytes + (this.#large.get(name) ?? this.#average);
  }

  record(name: string, bytes: number): void {
    if (this.#large.size > 0 && this.#large.delete(name)) {
      if (bytes > largeBytes) this.#large.set(name, bytes);
      return;
    }
    this.#average += (bytes - this.#average) * (bytes > this.#average ? risingShare : fallingShare);
    if (bytes <= largeBytes) return;
    this.#large.set(name, bytes);
    if (this.#large.size <= maxRemembered) return;
    const { value: oldest } = this.#large.keys().next();
    if (oldest !== undefined) this.#large.delete(oldest);
  }
}
