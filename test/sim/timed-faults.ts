import type { VirtualClock } from './clock.js';

/** The ends of faults that last for a while. After all faults were healed, nothing is left to end. */
export class TimedFaults {
  readonly #clock: VirtualClock;
  #isHealed = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get isHealed(): boolean {
    return this.#isHealed;
  }

  /** The caller ends what lasts. */
  heal(): void {
    this.#isHealed = true;
  }

  endAfter(ms: number, end: () => void): void {
    this.#clock.after(ms, () => {
      if (!this.#isHealed) end();
    });
  }

  /** Switches a condition on, and off after `ms`. */
  during(ms: number, set: (isOn: boolean) => void): void {
    set(true);
    this.endAfter(ms, () => set(false));
  }
}
