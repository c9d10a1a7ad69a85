import { runSchedule, type SimulationResult, type Wait } from '../run-schedule.js';
import { Coverage } from './coverage.js';
import type { Profile } from './profile.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

export interface RunOptions {
  readonly profile?: Profile | undefined;
  /** Record the trace as lines. */
  readonly keep?: boolean;
}

export interface RunResult extends SimulationResult {
  readonly profile: string;
}

/** More than any correct schedule takes. */
const maxSteps = 150_000;
/** After the last fault: long enough for the slowest recovery, a stuck stream after a blackholed one. */
const settleMs = 70_000;
/** Long enough for one more progress request on a quiet stream, and for the replacement of a silent one. */
const quietMs = 90_000;

export function runSeed(seed: number, options: RunOptions = {}): RunResult {
  return run(schedule(seed), options);
}

export function run(plan: Schedule, { profile, keep = false }: RunOptions = {}): RunResult {
  let profileOfWorld = '';
  const result = runSchedule(plan.actions, keep, {
    coverage: new Coverage(),
    createWorld: (coverage, trace) => {
      const world = new World(plan, coverage, trace, profile);
      profileOfWorld = world.profile;
      return world;
    },
    maxSteps,
    spinRule: 'liveness',
    finish,
  });
  return { ...result, profile: profileOfWorld };
}

function finish(world: World, wait: Wait): void {
  if (wait(1_000)) return;
  world.heal();
  if (wait(settleMs)) return;
  world.probe();
  if (wait(quietMs)) return;
  checkComplete(world);
  checkLive(world);
  checkShared(world);
  checkNoLeak(world);
  for (const watcher of [...world.client.readers.keys()]) world.client.unwatch(watcher);
  if (!wait(30_000)) checkAllClosed(world);
}

/** Every remaining watcher has received everything. */
function checkComplete({ oracle, clock }: World): void {
  for (const model of oracle.active) {
    if (model.rolledBack) {
      if (!model.undetectable)
        oracle.violate('rollback', `watcher ${model.key} still waits although the store was rolled back`);
      continue;
    }
    if (model.lostDelete !== undefined) {
      oracle.violate(
        'lost',
        `watcher ${model.key} never received the delete at ${model.lostDelete}, but continues`,
      );
      continue;
    }
    const expected = model.nextExpected;
    if (expected !== undefined) {
      oracle.violate(
        'liveness',
        `watcher ${model.key}, ${model.phase}, has not received ${expected} by ${clock.now} ms`,
      );
    }
  }
}

/** Every acknowledged watcher counts as live. */
function checkLive({ oracle }: World): void {
  for (const model of oracle.active) if (model.isAcknowledged) oracle.checkLive(model);
}

/**
 * Watchers that are up to date share a stream, where the server proves progress; others use at most 16 dedicated ones.
 */
function checkShared({ oracle, client, members }: World): void {
  if (client.slots.size > 17 + 3) oracle.violate('dedicated', `${client.slots.size} streams are open`);
  if (oracle.slots.duplicateShared > 0) oracle.violate('dedicated', 'several shared streams with one token');
  if (!members.every(({ profile }) => profile.trusted && !profile.noManualProgress)) return;
  for (const model of oracle.active) {
    const slot = model.slot === undefined ? undefined : client.slots.get(model.slot);
    const server = slot?.stream.server;
    if (server?.stuck || server?.startsInFuture) continue; // no progress is proven
    if (!model.isDedicated || model.future || model.rolledBack || model.seen === 0) continue;
    oracle.violate('dedicated', `watcher ${model.key} is up to date, but still has a dedicated stream`);
  }
}

/** The servers have exactly the active watchers. */
function checkNoLeak({ oracle, client, members, network }: World): void {
  let known = 0;
  for (const { streams } of members) for (const stream of streams) known += stream.watchers.size;
  const stuck = [...network.streams].some(({ server }) => server?.stuck);
  const present = oracle.active.length;
  if (known !== present && !stuck) {
    oracle.violate('no leak', `${present} watchers are active, the servers have ${known}`);
  }
  if (client.slots.size !== network.streams.size)
    oracle.violate('no leak', 'a stream is open that no slot uses');
}

function checkAllClosed({ oracle, client, members, network }: World): void {
  const open = members.reduce((sum, { streams }) => sum + streams.size, 0);
  if (network.streams.size + open + client.slots.size > 0) {
    oracle.violate(
      'no leak',
      `all watchers have ended, but ${network.streams.size} streams are open, ${open} on servers`,
    );
  }
  if (client.timers.size > 0) {
    oracle.violate(
      'no leak',
      `all watchers have ended, but timers are armed:  ${[...client.timers.keys()].join(', ')}`,
    );
  }
}
