import type { VirtualClock } from '../clock.js';

export interface ReadPace {
  /** How long the reader processes one batch; 0 for a fast reader. */
  readonly batchMs: number;
  /** How many events the buffer holds. */
  readonly limit: number;
}

/** The reader's side of a watch: a bounded buffer, and a consumer with a given pace. */
export class Reader {
  pace: ReadPace;
  readonly #clock: VirtualClock;
  readonly #full: () => void;
  readonly #drained: () => void;
  readonly #batches: number[] = [];
  #waiting = 0;
  #paused = false;
  #busy = false;
  #gone = false;

  constructor(clock: VirtualClock, pace: ReadPace, full: () => void, drained: () => void) {
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

  stop(): void {
    this.#gone = true;
  }

  /** Reads without delay from now on. */
  readFast(): void {
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
