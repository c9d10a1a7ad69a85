import assert from 'node:assert/strict';
import { Code, EtcdError } from '#src/errors/index.js';
import type { MemberFailure } from '#src/wire/call/retry-rule.js';
import { PoolFixture } from './pool-fixture.js';

const refused = (text: string) => new EtcdError(text, { code: Code.UNAVAILABLE });

/** A pool whose preferred member is unhealthy, with a probe in flight that `answer` ends. */
async function probing() {
  const fixture = new PoolFixture(2);
  let answer: (failure: MemberFailure | undefined) => void = () => {};
  fixture.probe = () => new Promise((resolve) => (answer = resolve));
  fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
  await fixture.clock.pass(10_000);
  assert.equal(fixture.probes.length, 1);
  fixture.events.length = 0;
  return {
    fixture,
    answer: async (failure: MemberFailure | undefined) => {
      answer(failure);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('the probe of an unhealthy member', () => {
  it('does not count if a call has shown meanwhile that the member is healthy', async () => {
    const { fixture, answer } = await probing();
    fixture.pool.markHealthy(fixture.health(0));
    await answer('leaderless');
    assert.equal(fixture.ready(), 'm0');
    assert.deepEqual(fixture.events, [{ type: 'member-recovered', endpoint: 'm0' }]);
  });

  it('does not count for a member that has been removed meanwhile', async () => {
    const { fixture, answer } = await probing();
    fixture.pool.replace([fixture.at(1)]);
    fixture.events.length = 0;
    await answer(undefined);
    assert.deepEqual(fixture.events, []);
  });

  for (const failure of [undefined, 'leaderless'] as const)
    it(`does not count after a close, whether it ends with ${failure ?? 'success'}`, async () => {
      const { fixture, answer } = await probing();
      fixture.pool.close();
      await answer(failure);
      await fixture.clock.pass(100_000);
      assert.deepEqual(fixture.events, []);
      assert.equal(fixture.probes.length, 1);
    });

  it('is unreachable if it cannot be sent', async () => {
    const fixture = new PoolFixture(1);
    fixture.probe = () => Promise.reject(new Error('no connection'));
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    await fixture.clock.pass(10_000);
    assert.deepEqual(fixture.pool.failures(), [{ member: 'm0', answer: 'unreachable', attempts: 1 }]);
  });

  it('is not sent once a call has shown that the member is healthy', async () => {
    const fixture = new PoolFixture(2);
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    fixture.pool.markHealthy(fixture.health(0));
    await fixture.clock.pass(100_000);
    assert.deepEqual(fixture.probes, []);
  });

  it('is not sent to a member that has been removed, nor after a close', async () => {
    for (const end of [
      (fixture: PoolFixture) => fixture.pool.replace([fixture.at(1)]),
      (fixture: PoolFixture) => fixture.pool.close(),
    ]) {
      const fixture = new PoolFixture(2);
      fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
      end(fixture);
      await fixture.clock.pass(100_000);
      assert.deepEqual(fixture.probes, []);
    }
  });
});

describe('the failures that a pool reports', () => {
  it('name each unhealthy member with its last error, or with the failure if there was none', () => {
    const fixture = new PoolFixture(3);
    fixture.pool.markUnhealthy(fixture.at(1), 'unreachable', refused('connection refused'));
    fixture.pool.markUnhealthy(fixture.at(2), 'silent');
    assert.deepEqual(fixture.pool.failures(), [
      { member: 'm1', answer: 'UNAVAILABLE: connection refused', attempts: 1 },
      { member: 'm2', answer: 'silent', attempts: 1 },
    ]);
  });

  it('keep the error while a probe finds the same failure, and not when it finds another', () => {
    const fixture = new PoolFixture(1);
    const answer = () => fixture.pool.failures()[0]?.answer;
    fixture.pool.markUnhealthy(fixture.at(0), 'unreachable', refused('one'));
    fixture.pool.markUnhealthy(fixture.at(0), 'unreachable');
    assert.equal(answer(), 'UNAVAILABLE: one');
    fixture.pool.markUnhealthy(fixture.at(0), 'unreachable', refused('two'));
    assert.equal(answer(), 'UNAVAILABLE: two');
    fixture.pool.markUnhealthy(fixture.at(0), 'silent');
    assert.equal(answer(), 'silent');
  });

  it('are none for healthy members, whose recovery is reported once', () => {
    const fixture = new PoolFixture(2);
    fixture.pool.markHealthy(fixture.health(0));
    assert.deepEqual([fixture.pool.failures(), fixture.events], [[], []]);
    fixture.pool.markUnhealthy(fixture.at(0), 'unreachable', refused('one'));
    for (let i = 0; i < 2; i++) fixture.pool.markHealthy(fixture.health(0));
    assert.deepEqual(fixture.pool.failures(), []);
    assert.deepEqual(
      fixture.events.map(({ type }) => type),
      ['member-unhealthy', 'member-recovered'],
    );
  });

  it('end every call when no member is an etcd, and not while one may be', () => {
    const fixture = new PoolFixture(2);
    fixture.pool.markUnhealthy(fixture.at(0), 'not-etcd', refused('HTTP status 404'));
    assert.equal(fixture.pool.noEtcdError(), undefined);
    fixture.pool.markUnhealthy(fixture.at(1), 'silent');
    assert.equal(fixture.pool.noEtcdError(), undefined);
    fixture.pool.markUnhealthy(fixture.at(1), 'not-etcd', refused('HTTP status 405'));
    const error = fixture.pool.noEtcdError();
    assert.equal(error?.reason, 'NotEtcd');
    assert.match(error?.message ?? '', /m0.*404; .*m1.*405/);
  });
});
