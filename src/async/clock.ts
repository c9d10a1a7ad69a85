/** Time as the modules see it, so that tests can own it. */
export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean anything. */
  now(): number;
  /** Calls back once, not before the delay is over, never for an infinite one; the returned function forgets it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Node's timers reach no further than this, nearly 25 days; a longer one would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * Node's timer for any delay: a longer one is made of several. `Infinity` never calls back, but keeps the process alive
 * unless `unref`. The returned function forgets it.
 */
export function startTimer(ms: number, callback: () => void, unref: boolean): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number) => {
    timer =
      leftMs <= longestTimerMs
        ? setTimeout(callback, leftMs)
        : setTimeout(() => wait(leftMs - longestTimerMs), longestTimerMs);
    if (unref) timer.unref();
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** The machine's monotonic clock. Its timers do not keep the process alive; see ProcessHold. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, callback) {
    if (delayMs === Number.POSITIVE_INFINITY) return () => {};
    // Node counts whole milliseconds, from the last full one: without one more a timer may fire early.
    const wholeMs = Math.ceil(Math.max(delayMs, 0)) + 1;
    return startTimer(wholeMs, callback, true);
  },
};
