import type { QueuedRead } from './queued-read.js';

/**
 * How much longer the longest time limit of a batch may be than the shortest. The attempt of a batch lasts at most three
 * quarters of the longest, if another member exists: the shortest then has a sixth of its own left for that member.
 */
const maxTimeRatio = 1.125;

export interface BatchLimits {
  readonly operations: number;
  /** The bytes of all keys. */
  readonly keyBytes: number;
  /** The expected bytes of the answer in memory. */
  readonly answerBytes: number;
}

/** Reads that travel in one transaction. */
export class PlannedBatch<Read extends QueuedRead> {
  readonly serializable: boolean;
  readonly reads: Read[] = [];
  /** For each operation, the first read of its key. */
  readonly operations: Read[] = [];
  #shortestMs: number;
  #longestMs: number;
  #keyBytes = 0;
  #answerBytes = 0;
  readonly #byName = new Map<string, number>();

  constructor(serializable: boolean, timeMs: number) {
    this.serializable = serializable;
    this.#shortestMs = timeMs;
    this.#longestMs = timeMs;
  }

  /** The longest time limit of its reads. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** The shortest time limit of its reads. */
  get shortestMs(): number {
    return this.#shortestMs;
  }

  /** Whether a read with these properties may travel here. */
  suits(serializable: boolean, timeMs: number): boolean {
    if (serializable !== this.serializable) return false;
    return timeMs <= this.#shortestMs * maxTimeRatio && this.#longestMs <= timeMs * maxTimeRatio;
  }

  /** Adds the read; returns false if it does not fit. An empty batch always has space. */
  add(read: Read, timeMs: number, expectedBytes: number, limits: BatchLimits): boolean {
    const same = read.keysOnly ? undefined : this.#byName.get(read.name);
    if (same === undefined && !this.#hasSpace(read, expectedBytes, limits)) return false;
    read.operation = same ?? this.#addOperation(read, expectedBytes);
    this.reads.push(read);
    if (timeMs < this.#shortestMs) this.#shortestMs = timeMs;
    else if (timeMs > this.#longestMs) this.#longestMs = timeMs;
    return true;
  }

  #hasSpace({ key }: Read, expectedBytes: number, limits: BatchLimits): boolean {
    if (this.operations.length === 0) return true;
    return (
      this.operations.length < limits.operations &&
      this.#keyBytes + key.length <= limits.keyBytes &&
      this.#answerBytes + expectedBytes <= limits.answerBytes
    );
  }

  #addOperation(read: Read, expectedBytes: number): number {
    this.#keyBytes += read.key.length;
    this.#answerBytes += expectedBytes;
    const index = this.operations.push(read) - 1;
    if (!read.keysOnly) this.#byName.set(read.name, index);
    return index;
  }
}
