import type { Clock } from '../async/index.js';
import type { StreamSupport } from './range-reader.js';

/** A cluster is upgraded while its clients live on, and a proxy before it alike: ask again some time later. */
const rememberedMs = 10 * 60_000;

/** Remembers that a server did not know RangeStream, to spare the next readers the question. */
export class RangeStreamSupport implements StreamSupport {
  readonly #clock: Clock;
  #missingUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get likely(): boolean {
    return this.#clock.now() >= this.#missingUntil;
  }

  missing(): void {
    this.#missingUntil = this.#clock.now() + rememberedMs;
  }
}
