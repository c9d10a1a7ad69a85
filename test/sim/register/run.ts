import { isDeepStrictEqual } from 'node:util';
import { runSchedule, type SimulationResult, type Wait } from '../run-schedule.js';
import { Coverage } from './coverage.js';
import { metadataOf, seqOf } from './records.js';
import { type Schedule, schedule } from './schedule.js';
import { World } from './world.js';

/** More than any correct schedule takes. */
const maxSteps = 200_000;
/** Long enough for pauses to end, stuck calls to fail and backoff to finish. */
const healMs = 45_000;

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
  const { oracle, owner } = world;
  if (wait(100)) return;
  world.heal();
  if (wait(healMs)) return;
  if (oracle.started === 'open') oracle.violate('started once', 'start was never settled');
  if (owner.core.state === 'closed') {
    checkEnd(world, plan, wait);
    return;
  }
  const { expectedReason, started } = oracle;
  if (expectedReason) oracle.violate('end reason', `continues instead of ending as ${expectedReason}`);
  if (started === 'failed') oracle.violate('start', 'start failed, but the registration continues');
  checkRecord(world);
  if (oracle.violation) return;
  const call = world.update();
  if (wait(2_000)) return;
  if (call === undefined || oracle.calls.get(call)?.outcome !== 'stored')
    oracle.violate('R2', 'after all faults an update is not stored');
  world.close();
  if (wait(1_000)) return;
  if (oracle.end?.expiresInMs !== undefined) oracle.violate('R6', 'after all faults close() left the record');
  checkEnd(world, plan, wait);
}

/** The right record is stored under the current lease, and no other lease remains. */
function checkRecord({ oracle, owner, store }: World): void {
  const { core } = owner;
  const { kv } = store;
  const { state, lease, revision, endpoint, lastError } = core;
  const wanted = oracle.isDrained ? 'draining' : 'registered';
  if (state !== wanted) oracle.violate('R2', `after all faults the state is ${state}: ${lastError?.message}`);
  if (!kv || kv.lease !== lease || kv.modRevision !== revision)
    oracle.violate(
      'R2',
      `stored: ${kv?.value} of lease ${kv?.lease} at ${kv?.modRevision}; expected lease ${lease} at ${revision}`,
    );
  if (!kv) return;
  if (!isDeepStrictEqual(metadataOf(kv), endpoint.metadata) || !kv.value.includes('"a:1"'))
    oracle.violate('R2', `stored: ${kv.value}; expected ${JSON.stringify(endpoint)}`);
  if (oracle.expectedSeq !== undefined && seqOf(kv) !== oracle.expectedSeq)
    oracle.violate('R2', `stored: ${kv.value}; expected update ${oracle.expectedSeq}`);
  if (oracle.isDrained && metadataOf(kv)['status'] !== 'draining')
    oracle.violate('draining', `stored: ${kv.value}; expected the draining mark`);
  if (oracle.expectedOp !== undefined && metadataOf(kv)['op'] !== oracle.expectedOp)
    oracle.violate('adopted', `stored: ${kv.value}; expected an operator's change ${oracle.expectedOp}`);
  const forgotten = oracle.leakedLeases(lease);
  if (forgotten.length > 0) oracle.violate('R3', `leases ${forgotten.join(', ')} were never revoked`);
  if (lastError) oracle.violate('R2', `after all faults lastError is ${lastError.message}`);
  if (owner.openFollowers !== 1) oracle.violate('no leak', `${owner.openFollowers} watches are open`);
  if (oracle.openCalls > 0) oracle.violate('update deadline', 'after all faults a call is open');
}

/** Nothing remains after the leases that could not be revoked have expired. */
function checkEnd({ oracle, owner, store }: World, plan: Schedule, wait: Wait): void {
  if (wait(plan.ttlMs + 15_000)) return;
  if (!oracle.end) {
    oracle.violate('R6', 'never ended');
    return;
  }
  const { kv } = store;
  if (kv && oracle.isOwn(kv)) oracle.violate('R1', `ended, but ${kv.value} remains`);
  const left = [...store.leases.values()].filter(({ isOwners }) => isOwners);
  if (left.length > 0) oracle.violate('R1', `ended, but lease ${left[0]?.id} is alive`);
  if (owner.openFollowers > 0) oracle.violate('no leak', 'ended, but a watch is open');
  if (owner.hasTimer) oracle.violate('no leak', 'ended, but a timer is armed');
  if (oracle.openCalls > 0) oracle.violate('update deadline', 'ended, but a call is open');
}
