import assert from 'node:assert/strict';
import type { Member } from '#src/wire/member/member.js';
import type { MemberPool } from '#src/wire/member/pool.js';
import { FakeMember, PoolFixture } from './pool-fixture.js';

const never = new AbortController().signal;

describe('a pool of members', () => {
  let fixture: PoolFixture;
  let members: readonly FakeMember[];

  function pool(count: number, preferred = 0): MemberPool {
    fixture = new PoolFixture(count, preferred);
    ({ members } = fixture);
    return fixture.pool;
  }

  it('uses its preferred member, whatever its position in the list', async () => {
    pool(3, 2);
    assert.equal(await fixture.used(), 'm2');
  });

  it('uses another member while the preferred one cannot be reached, and returns when it can', async () => {
    pool(3);
    members[0]!.reachable = false;
    assert.equal(await fixture.used(), 'm1');
    fixture.unhealthy.set(members[0]!, 'unreachable');
    await fixture.clock.pass(10_000);
    assert.equal(await fixture.used(), 'm1');
    members[0]!.reachable = true;
    fixture.unhealthy.clear();
    await fixture.clock.pass(60_000);
    assert.equal(await fixture.used(), 'm0');
    assert.deepEqual(
      fixture.events.map(({ type }) => type),
      ['member-unhealthy', 'member-recovered'],
    );
  });

  it('skips an unhealthy member although it is connected', async () => {
    const some = pool(3);
    some.markUnhealthy(fixture.at(0), 'leaderless');
    assert.notEqual(await fixture.used(), 'm0');
  });

  it('probes an unhealthy member at growing intervals, and not after it has recovered', async () => {
    const some = pool(2);
    fixture.unhealthy.set(members[0]!, 'leaderless');
    some.markUnhealthy(fixture.at(0), 'leaderless');
    await fixture.clock.pass(10_000);
    const early = fixture.probes.length;
    assert.ok(early >= 3, `${early} probes in the first ten seconds`);
    await fixture.clock.pass(100_000);
    assert.ok(
      fixture.probes.length - early < 20,
      `${fixture.probes.length - early} probes in the next hundred`,
    );
    fixture.unhealthy.clear();
    await fixture.clock.pass(60_000);
    const { length } = fixture.probes;
    await fixture.clock.pass(600_000);
    assert.equal(fixture.probes.length, length);
  });

  it('ejects a flapping member for longer each time, until it has been healthy for a minute', async () => {
    const some = pool(2);
    const ejectedFor = async () => {
      some.markUnhealthy(fixture.at(0), 'unreachable');
      const since = fixture.clock.now();
      while ((await fixture.used()) !== 'm0') await fixture.clock.pass(100);
      return fixture.clock.now() - since;
    };
    const first = await ejectedFor();
    let last = 0;
    for (let i = 0; i < 6; i++) last = await ejectedFor();
    assert.ok(last > 5 * first, `${first} ms at first, ${last} ms at last`);
    await fixture.clock.pass(61_000);
    assert.ok((await ejectedFor()) < 2 * first);
  });

  it('skips a member that has left a call unanswered for three seconds, until it answers', async () => {
    const some = pool(2);
    const preferred = some.readyAt(0)!;
    preferred.callSent(0);
    await fixture.clock.pass(2_900);
    assert.equal(await fixture.used(), 'm0');
    await fixture.clock.pass(200);
    assert.equal(await fixture.used(), 'm1');
    preferred.callSettled(fixture.clock.now(), true);
    preferred.callSent(fixture.clock.now());
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
  });

  it('uses its only member even while it is unhealthy, and reports its recovery', async () => {
    const some = pool(1);
    some.markUnhealthy(fixture.at(0), 'silent');
    assert.equal(await fixture.used(), 'm0');
    await fixture.clock.pass(10_000);
    assert.equal(fixture.events.at(-1)?.type, 'member-recovered');
  });

  it('counts one lost connection once, however many calls it fails', async () => {
    const some = pool(2);
    for (let call = 0; call < 500; call++) some.markUnhealthy(fixture.at(0), 'unreachable');
    await fixture.clock.pass(1_500);
    assert.equal(await fixture.used(), 'm0');
    assert.equal(fixture.events.filter(({ type }) => type === 'member-unhealthy').length, 1);
  });

  it('adds up the silence that calls with short deadlines observe', () => {
    const preferred = pool(2).readyAt(0)!;
    for (let call = 0; call < 4; call++) {
      preferred.callSent(call * 10_000);
      preferred.callSettled(call * 10_000 + 300, false);
    }
    assert.equal(preferred.silentMs(100_000), 1_200);
    preferred.callSent(100_000);
    preferred.callSettled(100_001, true);
    assert.equal(preferred.silentMs(200_000), 0);
  });

  it('returns to a preferred member that was merely slow to connect', async () => {
    const some = pool(2);
    members[0]!.connected = false;
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
    members[0]!.connected = false;
    members[0]!.hangs = true;
    const connecting = some.connect(never);
    await fixture.clock.pass(600);
    assert.equal((await connecting).member.endpoint, 'm1');
    members[0]!.hangs = false;
    members[0]!.connected = true;
    assert.equal(await fixture.used(), 'm0');
  });

  it('reports the failure of every member when none can be reached', async () => {
    const some = pool(2);
    for (const member of members) member.reachable = false;
    const failures: string[] = [];
    const health = await some.connectOnce(Number.POSITIVE_INFINITY, never, (_, error) =>
      failures.push(error.message),
    );
    assert.equal(health, undefined);
    assert.deepEqual(failures, ['UNAVAILABLE: member m0: refused', 'UNAVAILABLE: member m1: refused']);
  });

  describe('whose members are replaced', () => {
    it('keeps members that are still listed, closes the others after a minute, and uses a new one', async () => {
      const some = pool(2, 1);
      const added = new FakeMember('m9');
      some.replace([members[0]!, added] as unknown as Member[]);
      assert.equal(await fixture.used(), 'm9');
      assert.equal(members[1]!.closed, false);
      await fixture.clock.pass(60_001);
      assert.equal(members[1]!.closed, true);
      assert.equal(members[0]!.closed, false);
      assert.deepEqual(fixture.events, [{ type: 'members-changed', endpoints: ['m0', 'm9'] }]);
    });

    it('changes nothing when the members are the same', () => {
      const some = pool(2);
      some.replace([members[1], members[0]] as unknown as Member[]);
      assert.deepEqual(fixture.events, []);
    });

    it('closes members that are no longer listed too', () => {
      const some = pool(2);
      some.replace([members[0]] as unknown as Member[]);
      some.close();
      assert.ok(members.every(({ closed }) => closed));
    });
  });
});
