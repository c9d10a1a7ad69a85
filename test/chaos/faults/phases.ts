import { pause } from './fault.js';
import type { Nemesis } from './nemesis.js';

const faultPhaseMs = 25_000;
/** Long enough to see normal operation: only without faults must every lease be renewed in time. */
const recoveryPhaseMs = 7_000;

/** Alternates fault phases (one fault of each nemesis at a time) and recovery phases. */
export async function runInPhases(
  nemeses: readonly Nemesis[],
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
    await runFaultPhase(nemeses, Math.min(left, faultPhaseMs), signal);
    await pause(Math.max(0, Math.min(recoveryPhaseMs, until - performance.now())), signal);
  }
}

/** If one nemesis fails, the others are stopped and heal first. */
async function runFaultPhase(nemeses: readonly Nemesis[], ms: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const interrupted = () => end.abort();
  signal.addEventListener('abort', interrupted);
  const running = nemeses.map((nemesis) => nemesis.run(ms, end.signal));
  for (const one of running) one.catch(interrupted);
  try {
    await Promise.allSettled(running);
    await Promise.all(running);
  } finally {
    signal.removeEventListener('abort', interrupted);
  }
}
