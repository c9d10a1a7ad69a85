import type { Clock } from '../../async/index.js';

/** After a change the next one waits this long for company, and no change waits longer than the second figure. */
const quietMs = 20;
const latestMs = 200;

/** Runs an action for a burst of requests: the first at once, those that follow together. An emission costs grpc-js time per endpoint. */
export class Coalescer {
  readonly #clock: Clock;
  readonly #action: () => void;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #waitingSince: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  request(): void {
    const now = this.#clock.now();
    if (now >= this.#quietUntil && this.#waitingSince === undefined) {
      this.#run();
      return;
    }
    this.#waitingSince ??= now;
    this.#cancel?.();
    const wait = Math.min(quietMs, this.#waitingSince + latestMs - now);
    this.#cancel = this.#clock.setTimer(wait, () => this.#run());
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waitingSince = undefined;
  }

  #run(): void {
    this.cancel();
    this.#quietUntil = this.#clock.now() + quietMs;
    this.#action();
  }
}
