import { delay, processWarning, raceAbort, withTimeoutSignal } from '../../async/index.js';
import { callback, duration, optionsChecker, signal, timeout } from '../../model/index.js';
import type { DrainOptions } from './types.js';

/** The time limit for storing the status: an unreachable etcd must not use up the time of the calls in progress. */
const markTimeoutMs = 2_000;

/** The actions of a registration that draining needs. */
export interface DrainSteps {
  /** Stores the draining status; undefined without a record. */
  readonly mark: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly close: () => Promise<void>;
}

/** @throws {InvalidInputError} for an invalid option. */
export const checkDrain = optionsChecker<DrainOptions>({
  propagateMs: duration(),
  timeoutMs: timeout,
  whenIdle: callback,
  signal,
});

/** See {@link Registration.drain}. */
export async function drain(options: DrainOptions, steps: DrainSteps): Promise<void> {
  const { propagateMs = 1_000, whenIdle, timeoutMs = 30_000, signal } = options;
  await withTimeoutSignal(timeoutMs, signal, async (timeUp) => {
    const wait = (ms: number) => delay(ms, timeUp).catch(() => {});
    const { mark } = steps;
    if (mark) {
      // If the status could not be stored, the delete still ends new calls.
      await withTimeoutSignal(markTimeoutMs, timeUp, mark).catch(() => {});
      await wait(propagateMs);
    }
    await steps.close();
    await wait(propagateMs);
    if (whenIdle) await raceAbort(waitUntilIdle(whenIdle), timeUp).catch(() => {}); // the time is up
  });
}

/** Waits for `whenIdle`. Its failure becomes a process warning, also after the drain's time: the record is deleted. */
function waitUntilIdle(whenIdle: () => Promise<void>): Promise<void> {
  return Promise.resolve().then(whenIdle).catch(processWarning('whenIdle of drain()'));
}
