import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Code, type EtcdError, errorFor, errorFromServer } from '#src/errors/index.js';
import type { TimerName, WatchInput, WatchReply } from '#src/watch/core/index.js';
import {
  type Phase,
  phases,
  type Trigger,
  transition,
  transitions,
  triggers,
} from '#src/watch/core/watcher/transitions.js';
import { Bench, cancelled, created, dropped, events, everyKey, progress, puts, refused } from './builders.js';

const allPhases = Object.keys(phases) as Phase[];
const allTriggers = Object.keys(triggers) as Trigger[];

describe('the table of a watcher’s transitions', () => {
  it('decides every combination: a transition, nothing, or an internal error', () => {
    const counts = { transition: 0, ignored: 0, illegal: 0 };
    for (const phase of allPhases) {
      for (const trigger of allTriggers) {
        const cell = transitions[phase][trigger];
        if (cell === undefined) {
          counts.illegal++;
          assert.throws(() => transition(phase, trigger), /^Error: internal error: /);
        } else if (cell === 'ignored') {
          counts.ignored++;
          assert.equal(transition(phase, trigger), undefined);
        } else {
          counts.transition++;
          assert.equal(transition(phase, trigger), cell);
        }
      }
    }
    assert.equal(counts.transition + counts.ignored + counts.illegal, allPhases.length * allTriggers.length);
    assert.ok(counts.illegal > counts.transition && counts.ignored > 10, JSON.stringify(counts));
  });

  it('reaches every state, uses every trigger, and has no transition from the final state', () => {
    const reached = new Set<Phase>(['new']);
    for (const phase of reached) {
      for (const next of Object.values(transitions[phase]))
        if (typeof next === 'object') reached.add(next.to);
    }
    assert.deepEqual([...reached].sort(), [...allPhases].sort());
    const used = allPhases.flatMap((phase) => Object.keys(transitions[phase]));
    assert.deepEqual([...new Set(used)].sort(), [...allTriggers].sort());
    assert.deepEqual(transitions.ended, {});
  });

  it('lets a reader leave, fill and drain its buffer in every state that lasts', () => {
    for (const phase of allPhases) {
      if (['new', 'cancelled', 'ended'].includes(phase)) continue;
      for (const trigger of ['unwatched', 'buffer-full', 'buffer-drained'] as const)
        assert.doesNotThrow(() => transition(phase, trigger));
    }
  });

  /** What holds for each transition into a state, whatever it comes from. */
  const entries: readonly (readonly [Phase, readonly string[]])[] = [
    ['pinning', ['await-pin']],
    ['paused', ['leave-slot', 'report-interrupted']],
    ['backing-off', ['leave-slot', 'report-interrupted', 'schedule-retry']],
    ['awaiting-token', ['leave-slot', 'await-token']],
  ];
  for (const [phase, effects] of entries) {
    it(`enters ${phase} always with ${effects.join(', ')}`, () => {
      const found = allPhases.flatMap((from) =>
        Object.values(transitions[from]).filter((next) => typeof next === 'object' && next.to === phase),
      );
      assert.ok(found.length > 0);
      for (const next of found) assert.deepEqual(typeof next === 'object' && next.effects, effects);
    });
  }
});

describe('a watch session', () => {
  const errors: readonly EtcdError[] = [
    dropped(),
    errorFor('InvalidAuthToken'),
    errorFor('AuthOldRevision'),
    errorFromServer(Code.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (9 vs. 8)'),
    errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied'),
  ];
  const watcher = fc.integer({ min: 1, max: 4 });
  const slot = fc.integer({ min: 0, max: 5 });
  const revision = fc.integer({ min: 1, max: 60 });
  const watchId = fc.oneof(fc.integer({ min: 995, max: 1_020 }), fc.constantFrom(-1, 0, 1));
  const error = fc.constantFrom(...errors);
  const reply: fc.Arbitrary<WatchReply> = fc.oneof(
    revision.map(created),
    revision.map(progress),
    fc.tuple(revision, fc.boolean()).map(([at, fragment]) => events(puts(at, at + 1), { fragment })),
    fc
      .tuple(
        fc.constantFrom(0, 5, 50),
        fc.constantFrom('', 'etcdserver: no leader', 'etcdserver: invalid auth token'),
      )
      .map((of) => cancelled(...of)),
    fc.constantFrom(0, 5, 50).map((at) => refused('', at)),
  );
  const timer = fc.constantFrom<TimerName>('reopen', 'create-timeout', 'stable', 'progress', 'retry');
  const input: fc.Arbitrary<WatchInput> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(slot, watchId, reply)
        .map(([at, id, what]) => ({ type: 'reply', slot: at, watchId: BigInt(id), reply: what }) as const),
    },
    fc.record({ type: fc.constantFrom('unwatch', 'buffer-full', 'buffer-drained'), watcher }),
    fc
      .tuple(watcher, revision)
      .map(([of, at]) => ({ type: 'revision', watcher: of, revision: BigInt(at) }) as const),
    fc.record({ type: fc.constant('revision-failed'), watcher, error }),
    fc.record({ type: fc.constant('pin-read-due') }),
    revision.map((at) => ({ type: 'pin-read', revision: BigInt(at) }) as const),
    fc.record({ type: fc.constant('pin-read-failed'), error }),
    fc
      .tuple(watcher, revision)
      .map(([of, at]) => ({ type: 'start-compacted', watcher: of, startRevision: BigInt(at) }) as const),
    fc.record({ type: fc.constant('stream-lost'), slot, error }),
    fc.record({ type: fc.constant('progress-trusted'), slot }),
    fc.record({ type: fc.constant('server-version'), slot, losesDeletes: fc.boolean() }),
    fc.record({ type: fc.constant('token'), generation: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ type: fc.constant('token-failed'), error }),
    fc.record({ type: fc.constant('store-replaced'), error }),
    { weight: 3, arbitrary: fc.record({ type: fc.constant('timer'), timer, slot }) },
  );

  it('takes any inputs in any order without an internal error', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 80, size: 'max' }), (inputs) => {
        const bench = new Bench();
        let added = 0;
        for (const [at, next] of inputs.entries()) {
          if (at % 8 === 0 && added < 4)
            bench.input({
              type: 'watch',
              watcher: ++added,
              range: everyKey,
              startRevision: added % 2 ? 5n : undefined,
            });
          bench.input(next);
        }
      }),
      { numRuns: 2_000 },
    );
  }).timeout(30_000);
});
