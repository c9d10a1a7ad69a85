import type { BackoffOptions } from './backoff.js';
import type { Clock } from './clock.js';
import { Pacer } from './pacer.js';
import { onAbort } from './signals.js';

/**
 * Runs `work` again each time it ends or fails, until the signal aborts, with the delays of a {@link Pacer} between.
 * @param failed Called with each error, except one thrown after the abort.
 */
export async function retryLoop(
  clock: Clock,
  signal: AbortSignal,
  pauses: BackoffOptions,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): Promise<void> {
  const pacer = new Pacer(pauses, clock, Math.random);
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
    }
    await pause(clock, signal, pacer.nextDelayMs());
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
