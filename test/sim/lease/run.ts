import { type Played, play } from '../play.js';
import { Trace } from '../trace.js';
import { Coverage } from './coverage.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

/** More than any sane schedule takes. */
const maxSteps = 100_000;
/** After the last fault: the longest lease has been renewed, the longest call is over, dark streams are given up. */
const settleMs = 65_000;
/** A process that was put to sleep is awake, streams that hung are given up, and backoff is over. */
const healMs = 30_000;

export function runSeed(seed: number, keep = false): Played {
  return run(schedule(seed), keep);
}

export function run(plan: Schedule, keep = false): Played {
  const trace = new Trace(keep);
  const coverage = new Coverage();
  const world = new World(plan, coverage, trace);
  const ending = { maxSteps, spinRule: 'no spin', finish: (stop: () => boolean) => finish(world, stop) };
  return play(world, plan.actions, trace, coverage, ending);
}

function finish(world: World, stop: () => boolean): void {
  const { clock, oracle, client, cluster, network } = world;
  clock.runUntil(clock.now + 1_000, stop);
  if (stop()) return;
  world.heal();
  clock.runUntil(clock.now + healMs, stop);
  if (stop()) return;
  const probed = world.probe();
  clock.runUntil(clock.now + settleMs, stop);
  if (stop()) return;
  const fared = oracle.leases.get(probed.lease)?.told === undefined;
  if (world.open && !(fared && oracle.calls.outcome(probed.call) === 'renewed'))
    oracle.violate('well in the end', 'all is well, and a new lease or a new call is not');
  for (const { id } of oracle.present) {
    if (!cluster.isHeld(id)) oracle.violate('told in the end', `lease ${id} is gone, and nobody was told`);
  }
  for (const key of oracle.calls.open) oracle.violate('told in the end', `call ${key} was never settled`);
  world.releaseAll();
  clock.runUntil(clock.now + 30_000, stop);
  if (stop()) return;
  const left = network.streams.size + client.streams.size + oracle.streams.size;
  if (left > 0) oracle.violate('no leak', 'everybody left, and a stream is open');
  if (client.timerArmed) oracle.violate('no leak', 'everybody left, and a timer is armed');
}
