/**
 * Feeds a core that decides without IO, and performs the effects that it returns. Inputs are handled one at a time: one
 * that an effect causes waits until all effects before it are performed.
 */
export class EffectLoop<Input, Effect> {
  readonly #handle: (input: Input) => Iterable<Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #waiting: Input[] = [];
  #isRunning = false;

  constructor(handle: (input: Input) => Iterable<Effect>, perform: (effect: Effect) => void) {
    this.#handle = handle;
    this.#perform = perform;
  }

  /** @throws whatever an effect throws. The effects after it are lost; inputs that wait are handled with the next one. */
  dispatch(input: Input): void {
    this.#waiting.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        for (const effect of this.#handle(next)) this.#perform(effect);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
