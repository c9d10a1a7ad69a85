import { setTimeout as sleep } from 'node:timers/promises';
import { tryConnect } from '../data/address.js';

const pauseMs = 100;
const attemptTimeoutMs = 1_000;

/**
 * Waits until an address accepts connections.
 * @returns whether a connection was accepted within `timeoutMs`.
 * @throws the signal's reason if it aborts.
 */
export async function waitForListener(
  addr: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const failure = await tryConnect(addr, attemptTimeoutMs, signal);
    signal.throwIfAborted();
    if (failure === undefined) return true;
    await sleep(Math.min(pauseMs, Math.max(1, deadline - performance.now())), undefined, { signal }).catch(
      () => {},
    );
    signal.throwIfAborted();
  }
  return false;
}
