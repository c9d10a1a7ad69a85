import assert from 'node:assert/strict';
import { Code, EtcdError } from '#src/errors/index.js';
import type { MemberFailure } from '#src/wire/call/retry-rule.js';
import { PoolScene } from './pool-scene.js';

const refused = (text: string) => new EtcdError(text, { code: Code.UNAVAILABLE });

/** A scene whose preferred member is unhealthy, with a probe in flight that `answer` ends. */
async function probing() {
  const scene = new PoolScene(2);
  let answer: (failure: MemberFailure | undefined) => void = () => {};
  scene.probe = () => new Promise((resolve) => (answer = resolve));
  scene.pool.markUnhealthy(scene.at(0), 'leaderless');
  await scene.clock.pass(10_000);
  assert.equal(scene.probes.length, 1);
  scene.events.length = 0;
  return {
    scene,
    answer: async (failure: MemberFailure | undefined) => {
      answer(failure);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('the probe of an unhealthy member', () => {
  it('does not count if a call has shown meanwhile that the member is healthy', async () => {
    const { scene, answer } = await probing();
    scene.pool.markHealthy(scene.health(0));
    await answer('leaderless');
    assert.equal(scene.ready(), 'm0');
    assert.deepEqual(scene.events, [{ type: 'member-recovered', endpoint: 'm0' }]);
  });

  it('does not count for a member that has been removed meanwhile', async () => {
    const { scene, answer } = await probing();
    scene.pool.replace([scene.at(1)]);
    scene.events.length = 0;
    await answer(undefined);
    assert.deepEqual(scene.events, []);
  });

  for (const failure of [undefined, 'leaderless'] as const)
    it(`does not count after a close, whether it ends with ${failure ?? 'success'}`, async () => {
      const { scene, answer } = await probing();
      scene.pool.close();
      await answer(failure);
      await scene.clock.pass(100_000);
      assert.deepEqual(scene.events, []);
      assert.equal(scene.probes.length, 1);
    });

  it('is unreachable if it cannot be sent', async () => {
    const scene = new PoolScene(1);
    scene.probe = () => Promise.reject(new Error('no connection'));
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    await scene.clock.pass(10_000);
    assert.deepEqual(scene.pool.failures(), [{ member: 'm0', answer: 'unreachable', attempts: 1 }]);
  });

  it('is not sent once a call has shown that the member is healthy', async () => {
    const scene = new PoolScene(2);
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    scene.pool.markHealthy(scene.health(0));
    await scene.clock.pass(100_000);
    assert.deepEqual(scene.probes, []);
  });

  it('is not sent to a member that has been removed, nor after a close', async () => {
    for (const end of [
      (scene: PoolScene) => scene.pool.replace([scene.at(1)]),
      (scene: PoolScene) => scene.pool.close(),
    ]) {
      const scene = new PoolScene(2);
      scene.pool.markUnhealthy(scene.at(0), 'leaderless');
      end(scene);
      await scene.clock.pass(100_000);
      assert.deepEqual(scene.probes, []);
    }
  });
});

describe('the failures that a pool reports', () => {
  it('name each unhealthy member with its last error, or with the failure if there was none', () => {
    const scene = new PoolScene(3);
    scene.pool.markUnhealthy(scene.at(1), 'unreachable', refused('connection refused'));
    scene.pool.markUnhealthy(scene.at(2), 'silent');
    assert.deepEqual(scene.pool.failures(), [
      { member: 'm1', answer: 'UNAVAILABLE: connection refused', attempts: 1 },
      { member: 'm2', answer: 'silent', attempts: 1 },
    ]);
  });

  it('keep the error while a probe finds the same failure, and not when it finds another', () => {
    const scene = new PoolScene(1);
    const answer = () => scene.pool.failures()[0]?.answer;
    scene.pool.markUnhealthy(scene.at(0), 'unreachable', refused('one'));
    scene.pool.markUnhealthy(scene.at(0), 'unreachable');
    assert.equal(answer(), 'UNAVAILABLE: one');
    scene.pool.markUnhealthy(scene.at(0), 'unreachable', refused('two'));
    assert.equal(answer(), 'UNAVAILABLE: two');
    scene.pool.markUnhealthy(scene.at(0), 'silent');
    assert.equal(answer(), 'silent');
  });

  it('are none for healthy members, whose recovery is reported once', () => {
    const scene = new PoolScene(2);
    scene.pool.markHealthy(scene.health(0));
    assert.deepEqual([scene.pool.failures(), scene.events], [[], []]);
    scene.pool.markUnhealthy(scene.at(0), 'unreachable', refused('one'));
    for (let i = 0; i < 2; i++) scene.pool.markHealthy(scene.health(0));
    assert.deepEqual(scene.pool.failures(), []);
    assert.deepEqual(
      scene.events.map(({ type }) => type),
      ['member-unhealthy', 'member-recovered'],
    );
  });

  it('end every call when no member is an etcd, and not while one may be', () => {
    const scene = new PoolScene(2);
    scene.pool.markUnhealthy(scene.at(0), 'not-etcd', refused('HTTP status 404'));
    assert.equal(scene.pool.noEtcdError(), undefined);
    scene.pool.markUnhealthy(scene.at(1), 'silent');
    assert.equal(scene.pool.noEtcdError(), undefined);
    scene.pool.markUnhealthy(scene.at(1), 'not-etcd', refused('HTTP status 405'));
    const error = scene.pool.noEtcdError();
    assert.equal(error?.reason, 'NotEtcd');
    assert.match(error?.message ?? '', /m0.*404; .*m1.*405/);
  });
});
