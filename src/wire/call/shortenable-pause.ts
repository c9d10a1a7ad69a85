import { type Clock, MovableTimer } from '../../async/index.js';

/** A pause that a later caller with less time can shorten. */
export class ShortenablePause {
  readonly #clock: Clock;
  readonly #timer: MovableTimer;
  #end = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = new MovableTimer(clock, () => this.#end());
  }

  /** Resolves after `ms` milliseconds, or earlier through `shorten`. Only one wait may run at a time. */
  wait(ms: number): Promise<void> {
    if (!(ms > 0)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#timer.setIn(ms);
    });
  }

  /** Ends the pause after at most `ms` milliseconds from now. Does nothing if no pause is running. */
  shorten(ms: number): void {
    const { at } = this.#timer;
    if (at !== Number.POSITIVE_INFINITY && this.#clock.now() + ms < at) this.#timer.setIn(ms);
  }
}
