import type { Random } from '../../sim/random.js';
import { pause } from '../faults/world.js';
import type { Fault, Scene } from './faults.js';
import type { Tally } from './tally.js';

/** So long all callers may take to see all servers again; the run goes on without, and says so. */
const patienceMs = 60_000;
/** So long they must go on seeing them. */
const calmMs = 3_000;

/** One fault after the other, out of a bag that holds each once and is filled again when it is empty. */
export async function playFaults(
  faults: readonly Fault[],
  scene: Scene,
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
    tally.enter(fault.name, 'during');
    await fault.play(scene).catch((error: Error) => tally.troubles.push(`${fault.name}: ${error.message}`));
    tally.row(fault.name).happened++;
    tally.enter(fault.name, 'after');
    await settle(scene, tally, fault.name);
    await pause(random.between(0, 1_000), signal);
  }
}

/** Waits until callers see what is there, and go on seeing it: what a fault has begun, such as leases' ends, may come late. */
async function settle({ fleet, signal }: Scene, tally: Tally, fault: string): Promise<void> {
  const began = performance.now();
  let lastWrong = began;
  for (let now = began; now - lastWrong < calmMs && now - began < patienceMs; now = performance.now()) {
    if (signal.aborted) return;
    if (fleet.unsettled() !== undefined) lastWrong = now;
    await pause(20, signal);
  }
  const row = tally.row(fault);
  row.settledMs = Math.max(row.settledMs, lastWrong - began);
  const left = fleet.unsettled();
  if (left !== undefined) tally.troubles.push(`${fault}: ${patienceMs / 1_000} s later ${left}`);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
