import type { BackoffOptions } from './backoff.js';
import type { Clock } from './clock.js';
import { delay } from './delay.js';
import { Pacer } from './pacer.js';

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
    await delay(pacer.nextDelayMs(), signal, { clock }).catch(() => {}); // the signal has aborted
  }
}
