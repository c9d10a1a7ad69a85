/** A reader that has seen enough leaves right after a line (`| head -1`): so the first pause is short, and each next one longer. */
const [firstMs, longestMs] = [2_000, 60_000];

/**
 * Calls back while nothing is written, ever more rarely. Only a write shows that the reader of a pipe is gone: without
 * one, a watch of what never changes would outlive it.
 */
export class QuietTimer {
  readonly #callback: (quietMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #quietMs = 0;

  constructor(callback: (quietMs: number) => void) {
    this.#callback = callback;
  }

  /** Something was written: counts from now. */
  restart(): void {
    this.#quietMs = 0;
    this.#wait(firstMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#quietMs += ms;
      this.#wait(Math.min(longestMs, 2 * ms));
      this.#callback(this.#quietMs);
    }, ms).unref();
  }
}
