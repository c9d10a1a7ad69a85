/** Time as the modules see it, so that tests can own it. */
export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean anything. */
  now(): number;
  /** Calls back once, not before the delay is over, never for an infinite one; the returned function forgets it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Node's timers reach no further than this; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's monotonic clock. Its timers do not keep the process alive; see ProcessHold. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, callback) {
    if (delayMs === Number.POSITIVE_INFINITY) return () => {};
    // Node counts whole milliseconds, from the last full one: without one more a timer may fire early.
    const wholeMs = Math.ceil(Math.max(delayMs, 0)) + 1;
    const timer = setTimeout(callback, Math.min(wholeMs, longestTimerMs)).unref();
    return () => clearTimeout(timer);
  },
};
