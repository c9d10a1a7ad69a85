import { pause } from './fault.js';
import type { Nemesis } from './nemesis.js';

const faultPhaseMs = 25_000;
/** Long enough to see normal operation: only without faults must every lease be renewed in time. */
const recoveryPhaseMs = 7_000;
/** Of a recovery phase, without any fault. */
const recoveryMs = 3_000;

/**
 * Alternates fault phases (one fault of each nemesis at a time) and recovery phases.
 * @param calm Act in the second half of recovery phases.
 */
export async function runInPhases(
  nemeses: readonly Nemesis[],
  ms: number,
  signal: AbortSignal,
  calm: readonly Nemesis[] = [],
): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
    await runFaultPhase(nemeses, Math.min(left, faultPhaseMs), signal);
    await runRecoveryPhase(calm, Math.max(0, Math.min(recoveryPhaseMs, until - performance.now())), signal);
  }
}

async function runRecoveryPhase(calm: readonly Nemesis[], ms: number, signal: AbortSignal): Promise<void> {
  if (calm.length === 0) return pause(ms, signal);
  await pause(Math.min(ms, recoveryMs), signal);
  if (ms > recoveryMs) await runFaultPhase(calm, ms - recoveryMs, signal);
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
