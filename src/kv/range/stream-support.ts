import type { Clock } from '../../async/index.js';

/**
 * A cluster, or a proxy in front of it, may be upgraded while the client runs: RangeStream is tried again after this
 * time.
 */
const rememberMissingMs = 10 * 60_000;

/**
 * Remembers for all reads of a client that the server does not have RangeStream, so that they do not try it in vain.
 */
export class RangeStreamSupport {
  readonly #clock: Clock;
  #missingUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether RangeStream should be tried. */
  get isLikely(): boolean {
    return this.#clock.now() >= this.#missingUntil;
  }

  /** Records that a server answered UNIMPLEMENTED. */
  markMissing(): void {
    this.#missingUntil = this.#clock.now() + rememberMissingMs;
  }
}
