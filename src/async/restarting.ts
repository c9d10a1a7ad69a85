import { type BackoffOptions, backoffDelay } from './backoff.js';
import type { Clock } from './clock.js';
import { onAbort } from './signals.js';

/**
 * Does the work again whenever it ends or fails, until the signal aborts, with a jittered pause before each. The pauses
 * grow while it keeps ending soon, and begin anew once it lasted longer than the longest of them.
 * @param failed Told of each failure, but not of what the abort itself brings about.
 */
export async function restarting(
  clock: Clock,
  signal: AbortSignal,
  pauses: BackoffOptions,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const began = clock.now();
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
    }
    if (clock.now() - began > pauses.maxMs) attempt = 0;
    await pause(clock, signal, backoffDelay(pauses, attempt, Math.random));
  }
}

function pause(clock: Clock, signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, () => {
      release();
      resolve();
    });
    const release = onAbort(signal, () => {
      cancel();
      resolve();
    });
  });
}
