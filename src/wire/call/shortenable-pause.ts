import type { Clock } from '../../async/index.js';

/** A pause that a later caller with less time can shorten. */
export class ShortenablePause {
  readonly #clock: Clock;
  #endsAt = 0;
  #end: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms` milliseconds, or earlier through `shorten`. Only one wait may run at a time. */
  wait(ms: number): Promise<void> {
    if (!(ms > 0)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#end = () => {
        this.#end = undefined;
        resolve();
      };
      this.#endIn(ms);
    });
  }

  /** Ends the pause within `ms` milliseconds from now. */
  shorten(ms: number): void {
    if (!this.#end || this.#clock.now() + ms >= this.#endsAt) return;
    this.#cancel?.();
    this.#endIn(ms);
  }

  #endIn(ms: number): void {
    this.#endsAt = this.#clock.now() + ms;
    this.#cancel = this.#clock.setTimer(ms, () => this.#end?.());
  }
}
