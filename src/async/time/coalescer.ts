import type { Clock } from './clock.js';
import { MovableTimer } from './movable-timer.js';

/** A request waits until no other one has arrived for this time, and at most `latestMs`. */
const quietMs = 20;
const latestMs = 200;

/**
 * Combines bursts of requests: the first runs the action immediately, those that follow run it once together. Each update
 * of a service costs its channels and pickers time for every endpoint.
 */
export class Coalescer {
  readonly #clock: Clock;
  readonly #action: () => void;
  readonly #timer: MovableTimer;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #waitingSince: number | undefined;

  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
    this.#timer = new MovableTimer(clock, () => this.#run());
  }

  request(): void {
    const now = this.#clock.now();
    if (now >= this.#quietUntil && this.#waitingSince === undefined) {
      this.#run();
      return;
    }
    this.#waitingSince ??= now;
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
    this.#quietUntil = this.#clock.now() + quietMs;
    this.#action();
  }
}
