/**
 * The first interval is short, because a reader such as `| head -1` exits right after its line. Each next one doubles.
 */
const [firstMs, maxMs] = [2_000, 60_000];

/**
 * Calls back while nothing is written, at growing intervals. A process notices only by writing that the reader of its
 * pipe is gone: without these calls, a watch without changes would outlive its reader.
 */
export class QuietTimer {
  readonly #callback: (quietMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #quietMs = 0;

  /** @param callback receives the time since the last write, in milliseconds. */
  constructor(callback: (quietMs: number) => void) {
    this.#callback = callback;
  }

  /** Call after each write. */
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
      this.#wait(Math.min(maxMs, 2 * ms));
      this.#callback(this.#quietMs);
    }, ms).unref();
  }
}
