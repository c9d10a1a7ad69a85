const tickMs = 100;

/** Counts the time in which this process runs: one that gets no CPU time, on a busy machine, is not late. */
export class RunningClock {
  /** Milliseconds since the start; never more than have passed. */
  ms = 0;
  readonly #timer = setInterval(() => {
    this.ms += tickMs;
  }, tickMs).unref();

  stop(): void {
    clearInterval(this.#timer);
  }
}
