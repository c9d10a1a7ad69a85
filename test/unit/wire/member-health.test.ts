import assert from 'node:assert/strict';
import { MemberHealth } from '#src/wire/member/health.js';
import type { Member } from '#src/wire/member/member.js';
import { FakeMember } from './pool-fixture.js';

const newHealth = () => new MemberHealth(new FakeMember('m0') as unknown as Member);
/** Half of every jittered time. */
const even = () => 0.5;

describe('the ejection of a member', () => {
  it('counts the failures during an ejection once, and continues with one after it', () => {
    const health = newHealth();
    health.markUnhealthy('unreachable', 0, even);
    assert.equal(health.ejectedUntil, 500);
    health.markUnhealthy('unreachable', 499, even);
    assert.equal(health.ejectedUntil, 500);
    health.markUnhealthy('unreachable', 500, even);
    assert.equal(health.ejectedUntil, 1_500);
  });

  it('lasts longer for a member that flaps, also when the client has run for days', () => {
    const health = newHealth();
    let now = 1e9;
    const ejectedFor = () => {
      health.markUnhealthy('unreachable', now, even);
      const lasted = health.ejectedUntil - now;
      now = health.ejectedUntil;
      health.markHealthy(now);
      return lasted;
    };
    assert.deepEqual([ejectedFor(), ejectedFor(), ejectedFor()], [500, 1_000, 2_000]);
    now += 60_000;
    assert.equal(ejectedFor(), 4_000);
    now += 60_001;
    assert.equal(ejectedFor(), 500);
  });
});

describe('the silence of a member', () => {
  it('is unresponsive after three seconds without an answer', () => {
    const health = newHealth();
    health.callSent(10_000);
    assert.equal(health.readyAt(13_000), true);
    assert.equal(health.readyAt(13_001), false);
  });

  it('has lasted since the last answer, or since the first call in flight', () => {
    const health = newHealth();
    assert.equal(health.unansweredMs(10_000), undefined);
    health.callSent(10_000);
    health.callSent(10_400);
    assert.equal(health.unansweredMs(10_500), 500);
    health.callSettled(10_600, true);
    assert.equal(health.unansweredMs(10_700), 100);
    health.callSettled(10_800, true);
    assert.equal(health.unansweredMs(10_900), undefined);
  });

  it('adds up over calls that time out, and counts calls in flight together once', () => {
    const health = newHealth();
    health.callSent(10_000);
    health.callSettled(10_300, false);
    health.callSent(20_000);
    health.callSent(20_100);
    assert.equal(health.silentMs(20_150), 450);
    health.callSettled(20_200, false);
    health.callSettled(20_300, false);
    assert.equal(health.silentMs(30_000), 600);
  });
});
