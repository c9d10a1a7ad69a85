import { delay, onAbort, raceAbort, systemClock } from '../../async/index.js';
import { callback, duration, optionsChecker, signal, timeout } from '../../model/index.js';
import type { DrainOptions } from './types.js';

/** So long a drain tries to mark its record: an etcd out of reach must not use up the time of the calls under way. */
const markTimeoutMs = 2_000;

/** The parts of a registration that draining goes through. */
export interface DrainSteps {
  /** Marks the record; undefined when there is none. */
  readonly mark: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly close: () => Promise<void>;
}

/** @throws {InvalidInputError} for an option that cannot work, before anything is marked. */
export const checkDrain = optionsChecker<DrainOptions>({
  propagateMs: duration(),
  timeoutMs: timeout,
  whenIdle: callback,
  signal,
});

/** See {@link Registration.drain}. */
export async function drain(options: DrainOptions, parts: DrainSteps): Promise<void> {
  const { propagateMs = 1_000, whenIdle, timeoutMs = 30_000, signal } = options;
  await runWithin(timeoutMs, signal, async (hurry) => {
    const wait = (ms: number) => delay(ms, hurry).catch(() => {});
    const { mark } = parts;
    if (mark) {
      // One that cannot be marked is lost by callers all the same, when it is deleted.
      await runWithin(markTimeoutMs, hurry, mark).catch(() => {});
      await wait(propagateMs);
    }
    await parts.close();
    await wait(propagateMs);
    // One that throws is treated as one that rejects: the record is deleted already.
    if (whenIdle) await raceAbort(Promise.resolve().then(whenIdle), hurry).catch(() => {});
  });
}

/**
 * Runs the work with a signal that aborts when the time is up, or the other signal does. Not AbortSignal.any() of a
 * timeout: on Node 20 that may be collected before it fires.
 */
async function runWithin(
  ms: number,
  signal: AbortSignal | undefined,
  work: (hurry: AbortSignal) => Promise<void>,
): Promise<void> {
  const hurry = new AbortController();
  const cancel = systemClock.setTimer(ms, () => hurry.abort());
  const release = onAbort(signal, () => hurry.abort());
  try {
    await work(hurry.signal);
  } finally {
    cancel();
    release();
  }
}
