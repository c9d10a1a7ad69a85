import assert from 'node:assert/strict';
import { type Gauges, gaugeNames } from '../../soak/messages.js';
import { failures, inconclusiveReasons, type RunResult, undecidedSlopes } from '../../soak/report/outcome.js';
import { limits } from '../../soak/report/slopes.js';
import { leftInEtcd, type RestingState, unreturned } from '../../soak/returns.js';
import type { Verdict } from '../../soak/stats/verdict.js';
import { emptyCounts } from '../../soak/worker/load.js';

describe('what must return at the end of a soak', () => {
  it('is nothing if the states are equal', () => {
    assert.deepEqual(unreturned(state(), state()), []);
  });

  it('includes a gauge that differs in either direction', () => {
    assert.deepEqual(unreturned(state(), state({ watchers: 2 })), ['watchers: 2 instead of 1']);
    assert.deepEqual(unreturned(state(), state({ registrations: 0 })), ['registrations: 0 instead of 1']);
  });

  it('includes more handles and descriptors, not fewer', () => {
    const { process } = state();
    const more = { ...state(), process: { ...process, handles: { Timeout: 3 }, descriptors: 21 } };
    assert.deepEqual(unreturned(state(), more), [
      'Timeout: 3 instead of 2',
      'descriptors, without connections to members: 20 instead of 19; connections: 1 to 127.0.0.1:7, before: 1 to 127.0.0.1:7',
    ]);
    assert.deepEqual(unreturned(more, state()), []);
  });

  it('does not include a connection to another member', () => {
    const { process, gauges } = state();
    const now = {
      ...state(),
      process: { ...process, descriptors: 21 },
      gauges: { ...gauges, memberConnections: 2 },
    };
    assert.deepEqual(unreturned(state(), now), []);
  });

  it('includes what etcd holds, and an etcd that does not answer', () => {
    const etcd = { watchStreams: 1, watchers: 1, openStreams: 2, leases: 9 };
    assert.deepEqual(unreturned(state(), { ...state(), etcd }), ['leases in etcd: 9 instead of 8']);
    assert.equal(unreturned(state(), { ...state(), etcd: undefined }).length, 4);
  });

  it('is nothing in etcd after the end of the process', () => {
    const none = { watchStreams: 0, watchers: 0, openStreams: 0, leases: 0 };
    assert.deepEqual(leftInEtcd(none), []);
    assert.deepEqual(leftInEtcd({ ...none, leases: 2 }), ['leases in etcd: 2']);
    assert.deepEqual(leftInEtcd(undefined), ['etcd does not answer']);
  });
});

describe('the outcome of a soak', () => {
  it('is right and conclusive for a run with load and faults', () => {
    assert.deepEqual([failures(result()), inconclusiveReasons(result())], [[], []]);
  });

  it('is a failure for each thing that must not occur', () => {
    const counts = { ...result().counts, eventsMissed: 1, rpcsFailed: 2 };
    const wrong = failures({
      ...result(),
      counts,
      slopes: slopes('above'),
      problems: ['did not return: leases'],
    });
    assert.deepEqual(wrong, [
      '2 calls of channels failed',
      '1 events were missed',
      'the slope of heap without code is above 0.5 MB an hour',
      'did not return: leases',
    ]);
  });

  it('is not a failure if the loop is delayed more: other processes do that too', () => {
    const loopDelay = limits.find(({ series }) => series === 'loopDelay')!;
    const [heap] = slopes('above');
    assert.deepEqual(failures({ ...result(), slopes: [{ ...heap!, limit: loopDelay }] }), []);
  });

  it('is inconclusive if the slope of the heap is undecided', () => {
    assert.deepEqual(inconclusiveReasons({ ...result(), slopes: slopes('undecided') }), [
      'the run is too short to know the slope of the heap',
    ]);
  });

  it('is not inconclusive if the slope of the heap is known to be above', () => {
    assert.deepEqual(inconclusiveReasons({ ...result(), slopes: slopes('above') }), []);
  });

  it('is inconclusive without an effective fault, or if one kind never had an effect', () => {
    const never = new Map([['kill', { injected: 3, effective: 0 }]]);
    assert.deepEqual(inconclusiveReasons({ ...result(), faults: never }), [
      'no fault had an effect',
      'kill never had an effect',
    ]);
  });

  it('is a failure if a count of what must not occur is not a number', () => {
    const counts = { ...result().counts, eventsMissed: Number.NaN };
    assert.deepEqual(failures({ ...result(), counts }), ['NaN events were missed']);
  });

  it('names the slopes that are undecided, without that of the loop', () => {
    const all = limits.map((limit) => ({ ...slopes('undecided')[0]!, limit }));
    assert.deepEqual(undecidedSlopes({ slopes: all.slice(1) }), [
      'external memory',
      'resident memory',
      'handles',
      'descriptors',
    ]);
  });

  for (const [name, expected] of [
    ['picks', /^only 3 picks, and at least 3600/],
    ['registrationChecks', /^only 3 checks of registrations, and at least 72/],
  ] as const)
    it(`is inconclusive with few ${name}`, () => {
      const counts = { ...result().counts, [name]: 3 };
      assert.match(inconclusiveReasons({ ...result(), counts }).join(), expected);
    });

  it('is inconclusive with less than half of the calls', () => {
    const counts = { ...result().counts, callsOk: 17 };
    assert.match(inconclusiveReasons({ ...result(), counts }).join(), /^only 17 calls, and at least 36000/);
  });
});

function state(changed: Partial<Gauges> = {}): RestingState {
  return {
    gauges: { ...(Object.fromEntries(gaugeNames.map((name) => [name, 1])) as Gauges), ...changed },
    process: {
      heapBytes: 0,
      codeBytes: 0,
      externalBytes: 0,
      rssBytes: 0,
      handles: { Timeout: 2 },
      descriptors: 20,
      connections: { '127.0.0.1:7': 1 },
      loopDelayP99Ms: 0,
    },
    etcd: { watchStreams: 1, watchers: 1, openStreams: 2, leases: 8 },
  };
}

function result(): RunResult {
  const wrong = [
    'rpcsFailed',
    'eventsMissed',
    'eventsDuplicated',
    'sharedLocks',
    'registrationsAbsent',
    'viewsWithoutOwn',
    'mirrorsWrong',
  ];
  const many = Object.keys(emptyCounts()).map((name) => [name, wrong.includes(name) ? 0 : 100_000]);
  return {
    hours: 0.1,
    callsPerSecond: 200,
    eventsPerSecond: 20,
    counts: Object.fromEntries(many) as RunResult['counts'],
    faults: new Map([['kill', { injected: 3, effective: 2 }]]),
    slopes: slopes('within'),
    problems: [],
  };
}

function slopes(verdict: Verdict): RunResult['slopes'] {
  const [heap] = limits;
  return [{ limit: heap!, slope: { perHour: 0, low: 0, high: 0, hours: 1 }, verdict }];
}
