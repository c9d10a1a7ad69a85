import { type BackoffOptions, backoffDelay } from './backoff.js';
import type { Clock } from './clock.js';

/**
 * The pauses before retries of one thing: they grow while it is retried again and again, and begin at the base once
 * it has not been retried for longer than the longest of them. So whoever fails at once every time, or succeeds and
 * is undone at once every time, is slowed down; whoever fails once a day is not.
 */
export class Pacer {
  readonly #options: BackoffOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: () => number;
  #attempt = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** `random` gives a number in [0, 1). */
  constructor(options: BackoffOptions, clock: Pick<Clock, 'now'>, random: () => number) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** How long to wait before the next try, in milliseconds. */
  nextDelayMs(): number {
    const now = this.#clock.now();
    if (now - this.#pausedUntil > this.#options.maxMs) this.#attempt = 0;
    const pauseMs = backoffDelay(this.#options, this.#attempt++, this.#random);
    this.#pausedUntil = now + pauseMs;
    return pauseMs;
  }
}
