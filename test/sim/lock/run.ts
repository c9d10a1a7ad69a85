import { runSchedule, type SimulationResult, type Wait } from '../run-schedule.js';
import { Coverage } from './coverage.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

/** More than any correct schedule takes. */
const maxSteps = 200_000;
/** Long enough for pauses to end, stuck calls to fail, backoff to finish and leases to be verified. */
const healMs = 45_000;
/** Long enough for every waiter to own the lock once. */
const drainMs = 60_000;
const leaseMs = 20_000;

export function runSeed(seed: number, keep = false): SimulationResult {
  return run(schedule(seed), keep);
}

export function run(plan: Schedule, keep = false): SimulationResult {
  return runSchedule(plan.actions, keep, {
    coverage: new Coverage(),
    createWorld: (coverage, trace) => new World(plan, coverage, trace),
    maxSteps,
    spinRule: 'no spin',
    finish: (world: World, wait) => finish(world, plan, wait),
  });
}

function finish(world: World, plan: Schedule, wait: Wait): void {
  const { oracle } = world;
  if (plan.isCalm ? wait(2_000) : wait(100)) return;
  if (plan.isCalm) oracle.checkRequests();
  world.heal();
  if (wait(plan.isCalm ? 1_000 : healMs)) return;
  for (const { id } of oracle.unaware)
    oracle.violate('loss', `after all faults ${id} has not noticed that its key is gone`);
  world.drain();
  if (wait(drainMs)) return;
  for (const contender of oracle.open)
    oracle.violate('liveness', `after all faults ${contender.id} is still ${oracle.outcomeOf(contender)}`);
  if (wait(leaseMs)) return;
  checkRemains(world);
}

/** Nothing remains, in etcd or in the processes. */
function checkRemains({ oracle, store, openMutexes, renewals }: World): void {
  if (openMutexes > 0) oracle.violate('liveness', `${openMutexes} mutexes of Go still wait`);
  const [kv] = store.queue;
  if (kv) oracle.violate('nothing left', `the key ${kv.key} remains`);
  const [lease] = store.leases.keys();
  if (lease !== undefined) oracle.violate('nothing left', `lease ${lease.toString(16)} remains`);
  if (renewals > 0) oracle.violate('nothing left', `${renewals} leases are renewed`);
  for (const { id, isIdle, machine } of oracle.contenders)
    if (!isIdle && !machine.isDead) oracle.violate('nothing left', `${id} has a watch, a timer or a request`);
}
