import { isDeepStrictEqual } from 'node:util';
import { type Played, play } from '../play.js';
import { Trace } from '../trace.js';
import { Coverage } from './coverage.js';
import { metadataOf, seqOf } from './records.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

/** More than any sane schedule takes. */
const maxSteps = 200_000;
/** A process that was put to sleep is awake, calls that hung are given up, and pauses are over. */
const healMs = 45_000;

export function runSeed(seed: number, keep = false): Played {
  return run(schedule(seed), keep);
}

export function run(plan: Schedule, keep = false): Played {
  const trace = new Trace(keep);
  const coverage = new Coverage();
  const world = new World(plan, coverage, trace);
  const ending = {
    maxSteps,
    spinRule: 'no spin',
    finish: (stop: () => boolean) => finish(world, plan, stop),
  };
  return play(world, plan.actions, trace, coverage, ending);
}

function finish(world: World, plan: Schedule, stop: () => boolean): void {
  const { clock, oracle, owner } = world;
  const wait = (ms: number) => {
    clock.runUntil(clock.now + ms, stop);
    return stop();
  };
  if (wait(100)) return;
  world.heal();
  if (wait(healMs)) return;
  if (oracle.started === 'open') oracle.violate('started once', 'start was never settled');
  if (owner.core.state === 'closed') {
    judgeEnd(world, plan, wait);
    return;
  }
  const { expectedReason, started } = oracle;
  if (expectedReason) oracle.violate('end reason', `it goes on, and was to end as ${expectedReason}`);
  if (started === 'failed') oracle.violate('start', 'it failed, and goes on');
  judgeStanding(world);
  if (stop()) return;
  const call = world.update();
  if (wait(2_000)) return;
  if (call === undefined || oracle.calls.get(call)?.outcome !== 'stored')
    oracle.violate('R2', 'all is well, and an update is not stored');
  world.close();
  if (wait(1_000)) return;
  if (oracle.end?.expiresInMs !== undefined) oracle.violate('R6', 'all is well, and the record was left');
  judgeEnd(world, plan, wait);
}

/** The right record stands under the present lease, and under no other. */
function judgeStanding({ oracle, owner, store }: World): void {
  const { core } = owner;
  const { kv } = store;
  const { state, lease, revision, endpoint, lastError } = core;
  const wanted = oracle.isDrained ? 'draining' : 'registered';
  if (state !== wanted) oracle.violate('R2', `all is well, and it is ${state}: ${lastError?.message}`);
  if (!kv || kv.lease !== lease || kv.modRevision !== revision)
    oracle.violate(
      'R2',
      `what stands is ${kv?.value} of lease ${kv?.lease} at ${kv?.modRevision}, not of ${lease}`,
    );
  if (!kv) return;
  if (!isDeepStrictEqual(metadataOf(kv), endpoint.metadata) || !kv.value.includes('"a:1"'))
    oracle.violate('R2', `what stands is ${kv.value}, not ${JSON.stringify(endpoint)}`);
  if (oracle.expectedSeq !== undefined && seqOf(kv) !== oracle.expectedSeq)
    oracle.violate('R2', `what stands is ${kv.value}, not update ${oracle.expectedSeq}`);
  if (oracle.isDrained && metadataOf(kv)['status'] !== 'draining')
    oracle.violate('draining', `what stands is ${kv.value}, without the mark`);
  if (oracle.expectedOp !== undefined && metadataOf(kv)['op'] !== oracle.expectedOp)
    oracle.violate('adopted', `what stands is ${kv.value}, not change ${oracle.expectedOp} of an operator`);
  const forgotten = oracle.forgottenLeases(lease);
  if (forgotten.length > 0) oracle.violate('R3', `leases ${forgotten.join(', ')} were never given back`);
  if (lastError) oracle.violate('R2', `all is well, and its last error is ${lastError.message}`);
  if (owner.openFollowers !== 1) oracle.violate('no leak', `${owner.openFollowers} watches are open`);
  if (oracle.openCalls > 0) oracle.violate('update deadline', 'all is well, and a call is open');
}

/** Nothing of it is left once the leases that could not be given back have ended. */
function judgeEnd({ oracle, owner, store }: World, plan: Schedule, wait: (ms: number) => boolean): void {
  if (wait(plan.ttlMs + 15_000)) return;
  if (!oracle.end) {
    oracle.violate('R6', 'it never ended');
    return;
  }
  const { kv } = store;
  if (kv && oracle.isOwn(kv)) oracle.violate('R1', `it ended, and ${kv.value} stands`);
  const left = [...store.leases.values()].filter(({ isOwners }) => isOwners);
  if (left.length > 0) oracle.violate('R1', `it ended, and lease ${left[0]?.id} lives`);
  if (owner.openFollowers > 0) oracle.violate('no leak', 'it ended, and a watch is open');
  if (owner.hasTimer) oracle.violate('no leak', 'it ended, and a timer is armed');
  if (oracle.openCalls > 0) oracle.violate('update deadline', 'it ended, and a call is open');
}
