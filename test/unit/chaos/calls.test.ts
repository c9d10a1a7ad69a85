import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { causeOf, wasInFlight } from '../../chaos/calls/causes.js';
import type { FailedCall } from '../../chaos/calls/messages.js';
import { parseSettings } from '../../chaos/calls/settings.js';
import { Tally } from '../../chaos/calls/tally.js';

const call: FailedCall = {
  caller: 'steady0-1',
  code: status.UNAVAILABLE,
  text: 'Connection dropped',
  peer: '127.0.0.1:4001',
  startedAt: 1_000,
  endedAt: 1_060,
  connectionEnds: [1_055],
};
const kill = { addr: call.peer, at: 1_050 };

describe('the chaos program for calls', () => {
  it('treats a failed call as in flight only if its connection ended after its start, by the kill of its server', () => {
    assert.ok(wasInFlight(call, [kill]));
    assert.ok(!wasInFlight(call, []), 'no kill');
    assert.ok(!wasInFlight(call, [{ ...kill, addr: '127.0.0.1:4002' }]), 'another server');
    assert.ok(!wasInFlight({ ...call, connectionEnds: [] }, [kill]), 'no connection ended since it started');
    assert.ok(!wasInFlight({ ...call, connectionEnds: [1_040] }, [kill]), 'the end came before the kill');
    assert.ok(!wasInFlight(call, [{ ...kill, at: 1_070 }]), 'it failed before the kill');
    const later = { startedAt: 90_000, endedAt: 90_060, connectionEnds: [90_055] };
    assert.ok(!wasInFlight({ ...call, ...later }, [kill]), 'long after the kill');
  });

  it('counts failures by cause, and those in flight separately', () => {
    const tally = new Tally();
    tally.beginPhase('server killed', 'during');
    tally.record({ type: 'killing', addr: kill.addr, at: kill.at });
    tally.record({ type: 'failed', ...call });
    assert.deepEqual([tally.failed, tally.inFlight], [0, 1]);
    for (const port of [4_002, 4_003])
      tally.record({
        type: 'failed',
        ...call,
        text: `no connection to 127.0.0.1:${port}`,
        connectionEnds: [],
      });
    assert.deepEqual([tally.failed, tally.inFlight], [2, 1]);
    assert.deepEqual([...tally.causes.values()], [2]);
    assert.equal(causeOf(call), 'UNAVAILABLE: Connection dropped');
  });

  it('records the smallest number of endpoints of each caller', () => {
    const tally = new Tally();
    const seen = (caller: string, fewest: number | undefined) =>
      tally.record({ type: 'calls', caller, made: 10, fewest });
    seen('a', 6);
    seen('a', undefined);
    seen('b', 7);
    seen('a', 7);
    assert.deepEqual([tally.caller('a').fewest, tally.caller('b').fewest, tally.fewest], [6, 7, 6]);
    seen('b', 0);
    assert.equal(tally.fewest, 0);
    assert.equal(tally.made, 50);
  });

  it('accepts a policy, a seed and durations, and rejects invalid values', () => {
    const { policy, seconds, seed } = parseSettings([
      '--policy',
      'round_robin',
      '--seconds',
      '600',
      '--seed',
      '7',
    ]);
    assert.deepEqual([policy, seconds, seed], ['round_robin', 600, 7]);
    for (const args of [
      ['--policy', 'pick_first'],
      ['--seconds', '0'],
      ['--seed', 'x'],
      ['--ttl', '2'],
    ])
      assert.throws(() => parseSettings(args), TypeError, args.join(' '));
  });
});
