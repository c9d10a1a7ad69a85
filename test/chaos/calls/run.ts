import type { Random } from '../../sim/random.js';
import { pause } from '../faults/fault.js';
import type { Fault, FaultContext } from './faults.js';
import type { Tally } from './tally.js';

/** How long callers may take to see all servers again; after that, the run records a failure and continues. */
const settleTimeoutMs = 60_000;
/** How long the views must stay correct. */
const stableMs = 3_000;

/** Injects one fault at a time from a shuffled bag that is refilled when empty. */
export async function runFaults(
  faults: readonly Fault[],
  context: FaultContext,
  tally: Tally,
  seconds: number,
): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  const { random, signal } = context;
  const isOn = () => performance.now() < until && !signal.aborted;
  await settle(context, tally, '(start)');
  let bag: Fault[] = [];
  while (isOn()) {
    if (bag.length === 0) bag = shuffled(faults, random);
    const fault = bag.pop() as Fault;
    tally.beginPhase(fault.name, 'during');
    await fault
      .run(context)
      .catch((error: Error) => tally.stepFailures.push(`${fault.name}: ${error.message}`));
    tally.row(fault.name).happened++;
    tally.beginPhase(fault.name, 'after');
    await settle(context, tally, fault.name);
    await pause(random.between(0, 1_000), signal);
  }
}

/**
 * Waits until the callers' views are correct and stay so: late effects of a fault, such as expiring leases, are
 * included.
 */
async function settle({ fleet, signal }: FaultContext, tally: Tally, fault: string): Promise<void> {
  const began = performance.now();
  let lastWrong = began;
  for (
    let now = began;
    now - lastWrong < stableMs && now - began < settleTimeoutMs;
    now = performance.now()
  ) {
    if (signal.aborted) return;
    if (fleet.viewMismatch() !== undefined) lastWrong = now;
    await pause(20, signal);
  }
  const row = tally.row(fault);
  row.settledMs = Math.max(row.settledMs, lastWrong - began);
  const left = fleet.viewMismatch();
  if (left !== undefined) tally.stepFailures.push(`${fault}: ${settleTimeoutMs / 1_000} s later ${left}`);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
