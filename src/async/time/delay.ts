import { onAbort } from '../signals.js';
import { type Clock, refClock } from './clock.js';

/**
 * Resolves after `ms` milliseconds. Keeps the process alive, unless the clock's timers do not.
 * @throws the signal's reason when it aborts.
 */
export function delay(
  ms: number,
  signal?: AbortSignal,
  { clock = refClock }: { readonly clock?: Clock } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(ms, () => {
      release();
      resolve();
    });
    const release = onAbort(signal, (reason) => {
      cancel();
      reject(reason as Error);
    });
  });
}
