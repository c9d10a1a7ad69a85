import type { Clock } from './clock.js';
import { MovableTimer } from './movable-timer.js';

export interface CoalescerOptions {
  /** A request waits until no other one has arrived for this time. */
  readonly quietMs: number;
  /** A request waits at most this long. */
  readonly latestMs: number;
}

const defaults: CoalescerOptions = { quietMs: 20, latestMs: 200 };

/**
 * Combines bursts of requests: the first runs the action immediately, those that follow run it once together. Each update
 * of a service costs its channels and pickers time for every endpoint.
 */
export class Coalescer {
  readonly #clock: Clock;
  readonly #action: () => void;
  readonly #timer: MovableTimer;
  readonly #options: CoalescerOptions;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #waitingSince: number | undefined;

  constructor(clock: Clock, action: () => void, options = defaults) {
    this.#clock = clock;
    this.#action = action;
    this.#options = options;
    this.#timer = new MovableTimer(clock, () => this.#run());
  }

  request(): void {
    const now = this.#clock.now();
    if (now >= this.#quietUntil && this.#waitingSince === undefined) {
      this.#run();
      return;
    }
    this.#waitingSince ??= now;
    const { quietMs, latestMs } = this.#options;
    this.#timer.setAt(Math.min(now + quietMs, this.#waitingSince + latestMs));
  }

  /** Runs the action now if a request waits. */
  flush(): void {
    if (this.#waitingSince !== undefined) this.#run();
  }

  cancel(): void {
    this.#timer.cancel();
    this.#waitingSince = undefined;
  }

  #run(): void {
    this.cancel();
    this.#quietUntil = this.#clock.now() + this.#options.quietMs;
    this.#action();
  }
}
