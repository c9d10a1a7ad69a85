import type { Clock } from './clock.js';

/** One timer that is moved: setting it replaces the time it was set for. */
export class MovableTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #at = Number.POSITIVE_INFINITY;
  #cancelTimer = () => {};

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** The time that it is set for, on its clock; `Infinity` while it is not set. */
  get at(): number {
    return this.#at;
  }

  /** Calls back once at that time, on the timer's clock; never for `Infinity`. */
  setAt(at: number): void {
    this.#set(at, at - this.#clock.now());
  }

  /** Calls back once after that many milliseconds; never for `Infinity`. */
  setIn(delayMs: number): void {
    this.#set(this.#clock.now() + delayMs, delayMs);
  }

  cancel(): void {
    this.#at = Number.POSITIVE_INFINITY;
    this.#cancelTimer();
  }

  #set(at: number, delayMs: number): void {
    this.cancel();
    if (at === Number.POSITIVE_INFINITY) return;
    this.#at = at;
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#callback();
    });
  }
}
