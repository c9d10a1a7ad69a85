import { setTimeout as sleep } from 'node:timers/promises';
import { dialTrouble } from '../address.js';

const pauseMs = 100;
const attemptMs = 1_000;

/**
 * Resolves once a connection to the address is accepted; with false when that is not within the time.
 * @throws the signal's own reason.
 */
export async function accepts(addr: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const failure = await dialTrouble(addr, attemptMs, signal);
    signal.throwIfAborted();
    if (failure === undefined) return true;
    await sleep(Math.min(pauseMs, Math.max(1, deadline - performance.now())), undefined, { signal }).catch(
      () => {},
    );
    signal.throwIfAborted();
  }
  return false;
}
