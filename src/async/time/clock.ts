import { SharedTimer, startNodeTimer, type TimerSource } from './shared-timer.js';

/** The source of time. Tests replace it. */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin. */
  now(): number;
  /** Calls back once, after at least `delayMs`; never for `Infinity`. Returns a function that cancels the timer. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

const now = () => performance.now();

function machineTimers({ unref }: { readonly unref: boolean }): SharedTimer {
  const startTimer: TimerSource['startTimer'] = (delayMs, callback) =>
    startNodeTimer(delayMs, callback, unref);
  return new SharedTimer({ now, startTimer });
}

function clockOf(timers: SharedTimer): Clock {
  return { now, setTimer: (delayMs, callback) => timers.set(delayMs, callback) };
}

/** The timers of {@link systemClock}, for objects that are their own timer: one for each call. */
export const systemTimers = machineTimers({ unref: true });

/** The machine's monotonic clock. Its timers do not keep the process alive; see ProcessRef. */
export const systemClock = clockOf(systemTimers);

/** The same clock, with timers that keep the process alive: for what a caller waits for. */
export const refClock = clockOf(machineTimers({ unref: false }));
