import assert from 'node:assert/strict';
import { ClosedError } from '#src/errors/index.js';
import type { Member } from '#src/wire/member/member.js';
import { MemberPool } from '#src/wire/member/pool.js';
import { FakeMember, PoolScene } from './pool-scene.js';

/** m0 is preferred and hangs while it connects; m1 took its place although m0 is not unhealthy. */
async function slowPreferred(): Promise<PoolScene> {
  const scene = new PoolScene(3);
  scene.members[0]!.hangs = true;
  const connecting = scene.connectOnce();
  await scene.clock.pass(600);
  await connecting;
  return scene;
}

describe('the member in use', () => {
  it('is the preferred one, which the pool names with its health', () => {
    const scene = new PoolScene(3, 2);
    assert.equal(scene.pool.preferred.endpoint, 'm2');
    assert.equal(scene.pool.preferredIsHealthy, true);
    scene.pool.markUnhealthy(scene.at(2), 'leaderless');
    assert.equal(scene.pool.preferred.endpoint, 'm2');
    assert.equal(scene.pool.preferredIsHealthy, false);
  });

  it('is another connected one as soon as the preferred one fails, without a wait', () => {
    const scene = new PoolScene(3);
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    assert.equal(scene.ready(), 'm1');
    assert.equal(scene.ready(), 'm1');
  });

  it('is the one that connected in place of a slow one, without another wait', async () => {
    const scene = await slowPreferred();
    assert.equal(scene.ready(), 'm1');
  });

  it('stays in use when another, unused one fails', async () => {
    const scene = await slowPreferred();
    scene.pool.markUnhealthy(scene.at(2), 'leaderless');
    assert.equal(scene.ready(), 'm1');
  });

  it('stays in use when another than the preferred one recovers', () => {
    const scene = new PoolScene(3);
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    scene.pool.markUnhealthy(scene.at(2), 'leaderless');
    assert.equal(scene.ready(), 'm1');
    scene.pool.markHealthy(scene.health(2));
    assert.equal(scene.ready(), 'm1');
  });

  it('is none after the pool is closed, although a member is connected', async () => {
    const scene = new PoolScene(2);
    scene.pool.close();
    assert.equal(scene.ready(), undefined);
    await assert.rejects(scene.connectOnce(), new ClosedError('the client'));
  });

  it('is one of several, or the only one', () => {
    assert.equal(new PoolScene(2).pool.hasOthers(), true);
    assert.equal(new PoolScene(1).pool.hasOthers(), false);
  });

  it('cannot be one of none', () => {
    const ports = { ...new PoolScene(1), random: () => 0, probe: async () => undefined, onEvent() {} };
    assert.throws(() => new MemberPool([], ports), new TypeError('a pool needs a member'));
  });
});

describe('the order in which members are dialled', () => {
  /** Dials every member once, because all of them refuse. */
  async function order(scene: PoolScene): Promise<string[]> {
    for (const member of scene.members) member.reachable = false;
    scene.dialled.length = 0;
    await scene.connectOnce();
    return scene.dialled.map(({ endpoint }) => endpoint);
  }

  it('starts with the preferred member and goes round the list once', async () => {
    assert.deepEqual(await order(new PoolScene(3, 1)), ['m1', 'm2', 'm0']);
  });

  it('starts with the member in use while the preferred one is unhealthy, which is last', async () => {
    const scene = new PoolScene(3);
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    assert.equal(scene.ready(), 'm1');
    assert.deepEqual(await order(scene), ['m1', 'm2', 'm0']);
  });

  it('has unhealthy members in the order in which their ejections end', async () => {
    const scene = new PoolScene(3);
    for (const index of [2, 1, 0]) {
      scene.pool.markUnhealthy(scene.at(index), 'leaderless');
      await scene.clock.pass(20);
    }
    assert.deepEqual(await order(scene), ['m2', 'm1', 'm0']);
  });

  it('starts with the preferred of the members whose ejections have ended, even if its own ended last', async () => {
    const scene = new PoolScene(2, 1);
    scene.probe = () => new Promise(() => {});
    scene.pool.markUnhealthy(scene.at(0), 'leaderless');
    await scene.clock.pass(100);
    scene.pool.markUnhealthy(scene.at(1), 'leaderless');
    await scene.clock.pass(5_000);
    assert.deepEqual(await order(scene), ['m1', 'm0']);
  });
});

describe('a member that is no longer listed', () => {
  it('has no part in the health of the others', async () => {
    const scene = new PoolScene(2, 1);
    const removed = scene.at(0);
    scene.pool.replace([scene.at(1)]);
    scene.events.length = 0;
    scene.pool.markUnhealthy(removed, 'unreachable');
    assert.deepEqual([scene.events, scene.pool.failures()], [[], []]);
    assert.equal(scene.ready(), 'm1');
  });

  it('is replaced by the new one when the list grows', () => {
    const scene = new PoolScene(1);
    const added = new FakeMember('m9') as unknown as Member;
    scene.pool.replace([scene.at(0), added]);
    assert.deepEqual(scene.events, [{ type: 'members-changed', endpoints: ['m0', 'm9'] }]);
  });
});
