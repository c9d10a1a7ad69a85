import assert from 'node:assert/strict';
import { ClosedError } from '#src/errors/index.js';
import type { Member } from '#src/wire/member/member.js';
import { MemberPool } from '#src/wire/member/pool.js';
import { FakeMember, PoolFixture } from './pool-fixture.js';

/** m0 is preferred and hangs while it connects; m1 took its place although m0 is not unhealthy. */
async function slowPreferred(): Promise<PoolFixture> {
  const fixture = new PoolFixture(3);
  fixture.members[0]!.hangs = true;
  const connecting = fixture.connectOnce();
  await fixture.clock.pass(600);
  await connecting;
  return fixture;
}

describe('the member in use', () => {
  it('is the preferred one, which the pool names with its health', () => {
    const fixture = new PoolFixture(3, 2);
    assert.equal(fixture.pool.preferred.endpoint, 'm2');
    assert.equal(fixture.pool.preferredIsHealthy, true);
    fixture.pool.markUnhealthy(fixture.at(2), 'leaderless');
    assert.equal(fixture.pool.preferred.endpoint, 'm2');
    assert.equal(fixture.pool.preferredIsHealthy, false);
  });

  it('is another connected one as soon as the preferred one fails, without a wait', () => {
    const fixture = new PoolFixture(3);
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    assert.equal(fixture.ready(), 'm1');
    assert.equal(fixture.ready(), 'm1');
  });

  it('is the one that connected in place of a slow one, without another wait', async () => {
    const fixture = await slowPreferred();
    assert.equal(fixture.ready(), 'm1');
  });

  it('stays in use when another, unused one fails', async () => {
    const fixture = await slowPreferred();
    fixture.pool.markUnhealthy(fixture.at(2), 'leaderless');
    assert.equal(fixture.ready(), 'm1');
  });

  it('stays in use when another than the preferred one recovers', () => {
    const fixture = new PoolFixture(3);
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    fixture.pool.markUnhealthy(fixture.at(2), 'leaderless');
    assert.equal(fixture.ready(), 'm1');
    fixture.pool.markHealthy(fixture.health(2));
    assert.equal(fixture.ready(), 'm1');
  });

  it('is none after the pool is closed, although a member is connected', async () => {
    const fixture = new PoolFixture(2);
    fixture.pool.close();
    assert.equal(fixture.ready(), undefined);
    await assert.rejects(fixture.connectOnce(), new ClosedError('the client'));
  });

  it('is one of several, or the only one', () => {
    assert.equal(new PoolFixture(2).pool.hasOthers(), true);
    assert.equal(new PoolFixture(1).pool.hasOthers(), false);
  });

  it('cannot be one of none', () => {
    const ports = { ...new PoolFixture(1), random: () => 0, probe: async () => undefined, onEvent() {} };
    assert.throws(() => new MemberPool([], ports), new TypeError('a pool needs a member'));
  });
});

describe('the order in which members are dialled', () => {
  /** Dials every member once, because all of them refuse. */
  async function order(fixture: PoolFixture): Promise<string[]> {
    for (const member of fixture.members) member.reachable = false;
    fixture.dialled.length = 0;
    await fixture.connectOnce();
    return fixture.dialled.map(({ endpoint }) => endpoint);
  }

  it('starts with the preferred member and goes round the list once', async () => {
    assert.deepEqual(await order(new PoolFixture(3, 1)), ['m1', 'm2', 'm0']);
  });

  it('starts with the member in use while the preferred one is unhealthy, which is last', async () => {
    const fixture = new PoolFixture(3);
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    assert.equal(fixture.ready(), 'm1');
    assert.deepEqual(await order(fixture), ['m1', 'm2', 'm0']);
  });

  it('has unhealthy members in the order in which their ejections end', async () => {
    const fixture = new PoolFixture(3);
    for (const index of [2, 1, 0]) {
      fixture.pool.markUnhealthy(fixture.at(index), 'leaderless');
      await fixture.clock.pass(20);
    }
    assert.deepEqual(await order(fixture), ['m2', 'm1', 'm0']);
  });

  it('starts with the preferred of the members whose ejections have ended, even if its own ended last', async () => {
    const fixture = new PoolFixture(2, 1);
    fixture.probe = () => new Promise(() => {});
    fixture.pool.markUnhealthy(fixture.at(0), 'leaderless');
    await fixture.clock.pass(100);
    fixture.pool.markUnhealthy(fixture.at(1), 'leaderless');
    await fixture.clock.pass(5_000);
    assert.deepEqual(await order(fixture), ['m1', 'm0']);
  });
});

describe('a member that is no longer listed', () => {
  it('has no part in the health of the others', async () => {
    const fixture = new PoolFixture(2, 1);
    const removed = fixture.at(0);
    fixture.pool.replace([fixture.at(1)]);
    fixture.events.length = 0;
    fixture.pool.markUnhealthy(removed, 'unreachable');
    assert.deepEqual([fixture.events, fixture.pool.failures()], [[], []]);
    assert.equal(fixture.ready(), 'm1');
  });

  it('has the same chance to be preferred as each other one, over many clients, and few clients move', () => {
    const counts = new Map<string, number>();
    let moved = 0;
    for (let i = 0; i < 3_000; i++) {
      const { members, pool } = new PoolFixture(2, i % 2, () => (i * 0.6180339887) % 1);
      const before = pool.preferred.endpoint;
      pool.replace([...members, new FakeMember('m2')] as unknown as Member[]);
      counts.set(pool.preferred.endpoint, 1 + (counts.get(pool.preferred.endpoint) ?? 0));
      if (pool.preferred.endpoint !== before) moved++;
    }
    for (const name of ['m0', 'm1', 'm2'])
      assert.ok(Math.abs((counts.get(name) ?? 0) - 1_000) < 60, `${name}: ${counts.get(name)}`);
    assert.equal(moved, counts.get('m2'));
  });

  it('leaves the preferred member in place when another one is removed', () => {
    for (const preferred of [0, 1, 2]) {
      const { members, pool } = new PoolFixture(3, preferred);
      const removed = (preferred + 1) % 3;
      pool.replace(members.filter((_, at) => at !== removed) as unknown as Member[]);
      assert.equal(pool.preferred.endpoint, `m${preferred}`);
    }
  });

  it('is replaced by the new one when the list grows', () => {
    const fixture = new PoolFixture(1);
    const added = new FakeMember('m9') as unknown as Member;
    fixture.pool.replace([fixture.at(0), added]);
    assert.deepEqual(fixture.events, [{ type: 'members-changed', endpoints: ['m0', 'm9'] }]);
  });
});
