import type { Acquired } from './attempt.js';
import type { Side } from './messages.js';

/** An interval in the critical section. */
interface SectionInterval {
  readonly side: Side | 'broken';
  readonly acquired: Acquired;
  readonly endNs: bigint;
}

/** All intervals in a critical section, by the machine's monotonic clock. */
export class SectionLog {
  readonly #intervals: SectionInterval[] = [];
  increments = 0;

  addIncrement(interval: SectionInterval): void {
    this.#intervals.push(interval);
    this.increments++;
  }

  /** The process was killed before it wrote the counter. */
  addKilled(interval: SectionInterval): void {
    this.#intervals.push(interval);
  }

  /** What contradicts that only one process at a time has the lock. */
  violations(counter: number): string[] {
    const intervals = [...this.#intervals].sort((a, b) => (a.acquired.atNs < b.acquired.atNs ? -1 : 1));
    const found: string[] = [];
    for (const [i, interval] of intervals.entries()) {
      const before = intervals[i - 1];
      if (!before) continue;
      const overlapNs = before.endNs - interval.acquired.atNs;
      if (overlapNs > 0n)
        found.push(`${interval.side} acquired ${milliseconds(overlapNs)} ms before ${before.side} left`);
      if (interval.acquired.token <= before.acquired.token)
        found.push(`${interval.side} has token ${interval.acquired.token} after ${before.acquired.token}`);
    }
    if (counter !== this.increments)
      found.push(`the counter is ${counter} after ${this.increments} increments`);
    return found;
  }
}

export function milliseconds(ns: bigint): number {
  return Number(ns) / 1e6;
}
