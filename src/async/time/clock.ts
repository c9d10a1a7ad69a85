import { SharedTimer, startNodeTimer } from './shared-timer.js';

/** The source of time. Tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin. */
  now(): number;
  /** Calls back once, after at least `delayMs`; never for `Infinity`. Returns a function that cancels the timer. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

function machineClock({ unref }: { readonly unref: boolean }): Clock {
  const now = () => performance.now();
  const timers = new SharedTimer({
    now,
    startTimer: (delayMs, callback) => startNodeTimer(delayMs, callback, unref),
  });
  return { now, setTimer: (delayMs, callback) => timers.set(delayMs, callback) };
}

/** The machine's monotonic clock. Its timers do not keep the process alive; see ProcessRef. */
export const systemClock = machineClock({ unref: true });

/** The same clock, with timers that keep the process alive: for what a caller waits for. */
export const refClock = machineClock({ unref: false });
