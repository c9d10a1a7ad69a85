import type { Random } from '../../sim/random.js';
import { pause } from '../faults/fault.js';
import type { Fault, FaultContext } from './faults.js';
import type { Tally } from './tally.js';

/** So long all callers may take to see all servers again; the run goes on without, and says so. */
const settleTimeoutMs = 60_000;
/** So long they must go on seeing them. */
const stableMs = 3_000;

/** One fault after the other, out of a bag that holds each once and is filled again when it is empty. */
export async function runFaults(
  faults: readonly Fault[],
  scene: FaultContext,
  tally: Tally,
  seconds: number,
): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  const { random, signal } = scene;
  const isOn = () => performance.now() < until && !signal.aborted;
  await settle(scene, tally, '(start)');
  let bag: Fault[] = [];
  while (isOn()) {
    if (bag.length === 0) bag = shuffled(faults, random);
    const fault = bag.pop() as Fault;
    tally.beginPhase(fault.name, 'during');
    await fault
      .run(scene)
      .catch((error: Error) => tally.stepFailures.push(`${fault.name}: ${error.message}`));
    tally.row(fault.name).happened++;
    tally.beginPhase(fault.name, 'after');
    await settle(scene, tally, fault.name);
    await pause(random.between(0, 1_000), signal);
  }
}

/** Waits until callers see what is there, and go on seeing it: what a fault has begun, such as leases' ends, may come late. */
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
