import type { VirtualClock } from '../clock.js';

export interface Pace {
  /** How long the reader is busy with one batch; 0 for a brisk one. */
  readonly batchMs: number;
  /** How many events may wait. */
  readonly limit: number;
}

/** The reader's side of a watch: the bounded buffer of a real one, and somebody who takes from it at a pace. */
export class Reader {
  pace: Pace;
  readonly #clock: VirtualClock;
  readonly #full: () => void;
  readonly #drained: () => void;
  readonly #batches: number[] = [];
  #waiting = 0;
  #paused = false;
  #busy = false;
  #gone = false;

  constructor(clock: VirtualClock, pace: Pace, full: () => void, drained: () => void) {
    this.#clock = clock;
    this.pace = pace;
    this.#full = full;
    this.#drained = drained;
  }

  deliver(events: number): void {
    this.#batches.push(events);
    this.#waiting += events;
    if (!this.#paused && this.#waiting > this.pace.limit) {
      this.#paused = true;
      this.#full();
    }
    this.#read();
  }

  leave(): void {
    this.#gone = true;
  }

  /** Reads without a pause from now on. */
  hurry(): void {
    this.pace = { ...this.pace, batchMs: 0 };
    this.#take();
  }

  #read(): void {
    if (this.#busy || this.#gone || this.#batches.length === 0) return;
    this.#busy = true;
    this.#clock.after(this.pace.batchMs, () => {
      this.#busy = false;
      this.#take();
    });
  }

  #take(): void {
    const events = this.#batches.shift();
    if (events === undefined || this.#gone) return;
    this.#waiting -= events;
    if (this.#paused && this.#waiting <= this.pace.limit / 2) {
      this.#paused = false;
      this.#drained();
    }
    this.#read();
  }
}
