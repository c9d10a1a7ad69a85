import { runSchedule, type SimulationResult, type Wait } from '../run-schedule.js';
import { Coverage } from './coverage.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

/** More than any correct schedule takes. */
const maxSteps = 100_000;
/** After the last fault: long enough to renew the longest lease, end the longest call, and fail blackholed streams. */
const settleMs = 65_000;
/** Long enough for pauses to end, stuck streams to fail and backoff to finish. */
const healMs = 30_000;

export function runSeed(seed: number, keep = false): SimulationResult {
  return run(schedule(seed), keep);
}

export function run(plan: Schedule, keep = false): SimulationResult {
  return runSchedule(plan.actions, keep, {
    coverage: new Coverage(),
    createWorld: (coverage, trace) => new World(plan, coverage, trace),
    maxSteps,
    spinRule: 'no spin',
    finish,
  });
}

function finish(world: World, wait: Wait): void {
  const { oracle, client, cluster, network } = world;
  if (wait(1_000)) return;
  world.heal();
  if (wait(healMs)) return;
  const probed = world.probe();
  if (wait(settleMs)) return;
  const isHeld = oracle.leases.get(probed.lease)?.end === undefined;
  if (world.hasAccess && !(isHeld && oracle.calls.outcome(probed.call) === 'renewed'))
    oracle.violate('recovers', 'after all faults a new lease or call fails');
  for (const { id } of oracle.active) {
    if (!cluster.isHeld(id))
      oracle.violate('reported in the end', `lease ${id} is gone, but its owner was not notified`);
  }
  for (const key of oracle.calls.open) oracle.violate('reported in the end', `call ${key} was never settled`);
  world.releaseAll();
  if (wait(30_000)) return;
  const left = network.streams.size + client.streams.size + oracle.streams.size;
  if (left > 0) oracle.violate('no leak', 'all leases were released, but a stream is open');
  if (client.timerArmed) oracle.violate('no leak', 'all leases were released, but a timer is armed');
}
