import type { Outcome } from '../command.js';
import { onSignals, terminationSignals } from '../signals.js';

/** How long what a wait created may take to be removed from etcd, in milliseconds. */
const cleanupMs = 3_000;

/** The result of a wait, or how the command ends after a signal. */
export type WaitResult<T> = { readonly value: T } | { readonly outcome: Outcome };

/**
 * Waits for something that a termination signal cancels; the command then dies by the signal. When the wait fails, what
 * it left in etcd is removed first: a key that stays would make others wait until its lease expires.
 * @param undo removes what was acquired in the moment of the signal.
 */
export async function waitInterruptibly<T>(
  wait: (signal: AbortSignal) => Promise<T>,
  undo: (value: T) => Promise<void>,
): Promise<WaitResult<T>> {
  const ending = new AbortController();
  let received: NodeJS.Signals | undefined;
  const removeHandlers = onSignals(terminationSignals, (signal) => {
    received ??= signal;
    ending.abort();
  });
  try {
    const value = await wait(ending.signal);
    if (received === undefined) return { value };
    await undo(value);
  } catch (error) {
    await whenIdle(cleanupMs);
    if (received === undefined) throw error;
  } finally {
    removeHandlers();
  }
  return { outcome: { signal: received } };
}

/** Waits until this process has nothing left to do, at most `ms` milliseconds: pending calls to etcd keep it busy. */
function whenIdle(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms).unref();
    process.once('beforeExit', done);
    function done() {
      clearTimeout(timer);
      process.off('beforeExit', done);
      resolve();
    }
  });
}
