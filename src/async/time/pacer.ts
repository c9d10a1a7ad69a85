import { type BackoffOptions, backoffDelay } from './backoff.js';
import type { Clock } from './clock.js';

/**
 * The delays before the retries of one operation. They grow with each retry, and start again at the base after `maxMs`
 * without a retry. An operation that always fails immediately, or whose success never lasts, is slowed down; one that
 * fails once a day is not.
 */
export class Pacer {
  readonly #options: BackoffOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: () => number;
  #attempt = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param random Returns a number in [0, 1). */
  constructor(options: BackoffOptions, clock: Pick<Clock, 'now'>, random: () => number) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** The delay before the next attempt, in milliseconds. */
  nextDelayMs(): number {
    const now = this.#clock.now();
    if (now - this.#pausedUntil > this.#options.maxMs) this.#attempt = 0;
    const pauseMs = backoffDelay(this.#options, this.#attempt++, this.#random);
    this.#pausedUntil = now + pauseMs;
    return pauseMs;
  }
}
