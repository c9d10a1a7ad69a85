import { setTimeout as sleep } from 'node:timers/promises';
import { raceAbort } from '../async/index.js';

/** The limits of a wait. */
export interface WaitLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const POLL_INTERVAL_MS = 20;

/**
 * Calls the probe repeatedly until it returns neither `undefined` nor `false`. Rejects with an exception of the probe, with
 * the signal's reason, or after `timeoutMs` with `what` in the text.
 */
export async function until<T>(
  what: string,
  limits: WaitLimits,
  probe: () => Promise<T> | T,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + limits.timeoutMs;
  for (;;) {
    limits.signal?.throwIfAborted();
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() >= deadline) throw new Error(`${what}: not within ${limits.timeoutMs} ms`);
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Rejects with the signal's reason when it is aborted. The work continues, and its result is ignored. */
export const orAborted = <T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> =>
  raceAbort(work, signal);
