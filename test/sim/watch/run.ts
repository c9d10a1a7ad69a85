import { type Played, play } from '../play.js';
import { Trace } from '../trace.js';
import { Coverage } from './coverage.js';
import type { Profile } from './profile.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

export interface RunOptions {
  readonly profile?: Profile | undefined;
  /** Keep the trace to be read. */
  readonly keep?: boolean;
}

export interface RunResult extends Played {
  readonly profile: string;
}

/** More than any sane schedule takes. */
const maxSteps = 150_000;
/** After the last fault: the slowest thing there is, a stream that hangs behind one that is black, is over by then. */
const settleMs = 70_000;
/** Long enough for a quiet stream to be asked how far it has come, once more. */
const quietMs = 75_000;

export function runSeed(seed: number, options: RunOptions = {}): RunResult {
  return run(schedule(seed), options);
}

export function run(plan: Schedule, { profile, keep = false }: RunOptions = {}): RunResult {
  const trace = new Trace(keep);
  const coverage = new Coverage();
  const world = new World(plan, coverage, trace, profile);
  const ending = { maxSteps, spinRule: 'liveness', finish: (stop: () => boolean) => finish(world, stop) };
  return { ...play(world, plan.actions, trace, coverage, ending), profile: world.profile };
}

function finish(world: World, stop: () => boolean): void {
  const { clock } = world;
  clock.runUntil(clock.now + 1_000, stop);
  if (stop()) return;
  world.heal();
  clock.runUntil(clock.now + settleMs, stop);
  if (stop()) return;
  world.probe();
  clock.runUntil(clock.now + quietMs, stop);
  if (stop()) return;
  level(world);
  live(world);
  together(world);
  noLeak(world);
  for (const watcher of [...world.client.readers.keys()]) world.client.leave(watcher);
  clock.runUntil(clock.now + 30_000, stop);
  if (!stop()) gone(world);
}

/** Everybody who is still there was told everything. */
function level({ oracle, clock }: World): void {
  for (const watched of oracle.present) {
    if (watched.rolledBack) {
      if (!watched.blind)
        oracle.violate('rollback', `watcher ${watched.key} still waits on a store that was rolled back`);
      continue;
    }
    if (watched.lost !== undefined) {
      oracle.violate('lost', `watcher ${watched.key} was never told of ${watched.lost}, and goes on`);
      continue;
    }
    const owed = watched.owed;
    if (owed !== undefined) {
      oracle.violate(
        'liveness',
        `watcher ${watched.key}, ${watched.phase}, was not told of ${owed} by ${clock.now} ms`,
      );
    }
  }
}

/** Whoever is acknowledged is live, and whoever is live is acknowledged, or was just now. */
function live({ oracle }: World): void {
  for (const watched of oracle.present) if (watched.acknowledgedHere) oracle.mustBeLive(watched);
}

/** Who is level shares a stream, where the server proves progress; others have 16 beside it at most. */
function together({ oracle, client, members }: World): void {
  if (client.lanes.size > 17 + 3) oracle.violate('apart', `${client.lanes.size} streams are open`);
  if (oracle.lanes.doubles > 0) oracle.violate('apart', 'several streams for the many, under one token');
  if (!members.every(({ profile }) => profile.trusted && !profile.noManualProgress)) return;
  for (const watched of oracle.present) {
    const lane = watched.lane === undefined ? undefined : client.lanes.get(watched.lane);
    if (lane?.stream.server?.stuck) continue; // nobody answers there, and nobody notices
    if (!watched.apart || watched.future || watched.rolledBack || watched.seen === 0) continue;
    oracle.violate('apart', `watcher ${watched.key} is level, and still has a stream of its own`);
  }
}

/** The servers know of exactly those watchers that are there. */
function noLeak({ oracle, client, members, network }: World): void {
  let known = 0;
  for (const { streams } of members) for (const stream of streams) known += stream.watchers.size;
  const stuck = [...network.streams].some(({ server }) => server?.stuck);
  const present = oracle.present.length;
  if (known !== present && !stuck) {
    oracle.violate('no leak', `${present} watchers are there, the servers know of ${known}`);
  }
  if (client.lanes.size !== network.streams.size) oracle.violate('no leak', 'a stream that nobody has');
}

function gone({ oracle, client, members, network }: World): void {
  const open = members.reduce((sum, { streams }) => sum + streams.size, 0);
  if (network.streams.size + open + client.lanes.size > 0) {
    oracle.violate(
      'no leak',
      `all watchers left, ${network.streams.size} streams are open, ${open} on servers`,
    );
  }
  if (client.timers.size > 0) {
    oracle.violate('no leak', `all watchers left, armed is ${[...client.timers.keys()].join(', ')}`);
  }
}
