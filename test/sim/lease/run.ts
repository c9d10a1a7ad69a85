import { Trace } from '../trace.js';
import { Coverage } from './coverage.js';
import type { Oracle, Violation } from './oracle.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

export interface RunResult {
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly hits: Readonly<Record<string, number>>;
  readonly counts: Oracle['counts'];
  readonly lines: readonly string[];
  readonly steps: number;
}

/** More than any sane schedule takes. */
const maxSteps = 100_000;
/** After the last fault: the longest lease has been renewed, the longest call is over, dark streams are given up. */
const settleMs = 65_000;
/** A process that was put to sleep is awake, streams that hung are given up, and backoff is over. */
const healMs = 30_000;

export function runSeed(seed: number, keep = false): RunResult {
  return run(schedule(seed), keep);
}

export function run(plan: Schedule, keep = false): RunResult {
  const trace = new Trace(keep);
  const coverage = new Coverage();
  const world = new World(plan, coverage, trace);
  const { clock, oracle } = world;
  const stop = () => oracle.violation !== undefined || clock.steps > maxSteps;
  try {
    for (const action of plan.actions) {
      clock.runUntil(action.at, stop);
      if (stop()) break;
      world.do(action);
    }
    if (!stop()) finish(world, stop);
  } catch (error) {
    oracle.violate('no crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (clock.steps > maxSteps) oracle.violate('no spin', `no end of it after ${maxSteps} steps`);
  return {
    hash: trace.hash,
    violation: oracle.violation,
    hits: coverage.hits,
    counts: oracle.counts,
    lines: trace.lines,
    steps: clock.steps,
  };
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

export interface Shrunk {
  readonly plan: Schedule;
  readonly result: RunResult;
  readonly tries: number;
}

/** Drops actions, many at a time and then one by one, as long as the same rule stays violated. */
export function shrink(plan: Schedule, rule: string, maxTries = 400): Shrunk {
  let best = plan;
  let tries = 0;
  for (
    let size = Math.ceil(plan.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length && tries < maxTries; ) {
      const actions = [...best.actions.slice(0, from), ...best.actions.slice(from + size)];
      tries++;
      if (run({ ...best, actions }).violation?.rule === rule) best = { ...best, actions };
      else from += size;
    }
  }
  return { plan: best, result: run(best, true), tries };
}
