/** The source of time. Tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin. */
  now(): number;
  /** Calls back once, after at least `delayMs`; never for `Infinity`. Returns a function that cancels the timer. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/**
 * The longest delay of a Node timer, in milliseconds: 24.8 days.
 *
 * Workaround (Node 20 to 24; https://nodejs.org/docs/latest-v20.x/api/timers.html#settimeoutcallback-delay-args): Node
 * runs a timer with a longer delay immediately, so `startTimer` starts several. Remove when Node accepts longer delays.
 */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * A timer for any delay in milliseconds; one longer than {@link longestTimerMs} consists of several Node timers.
 * `Infinity` never calls back, but keeps the process alive unless `unref`. Returns a function that cancels the timer.
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

/** The machine's monotonic clock. Its timers do not keep the process alive; see ProcessRef. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, callback) {
    if (delayMs === Number.POSITIVE_INFINITY) return () => {};
    // Workaround (Node 20 to 24; https://github.com/nodejs/node/issues/26578,
    // https://github.com/libuv/libuv/issues/4773): libuv rounds its clock down to milliseconds, so without one more a
    // timer may fire early. Remove when fixed there.
    const wholeMs = Math.ceil(Math.max(delayMs, 0)) + 1;
    return startTimer(wholeMs, callback, true);
  },
};
