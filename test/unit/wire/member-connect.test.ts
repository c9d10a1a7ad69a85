import assert from 'node:assert/strict';
import { ClosedError, TlsError } from '#src/errors/index.js';
import { type FakeMember, PoolFixture } from './pool-fixture.js';

/** Lets the test decide how the next dial of a member ends. */
function holdDial(member: FakeMember) {
  const dial = {
    resolve: (_channel: object) => {},
    reject: (_error: Error) => {},
  };
  member.connected = false;
  member.connect = () =>
    new Promise((resolve, reject) => {
      Object.assign(dial, { resolve, reject });
    });
  return dial;
}

const never = new AbortController().signal;
const tlsError = (member: string) =>
  new TlsError(`member ${member}: unknown authority`, 'unknown-authority', [
    { member, answer: 'unknown authority', attempts: 1 },
  ]);

describe('connecting to a member', () => {
  it('takes round after round, with growing pauses, until one can be reached', async () => {
    const fixture = new PoolFixture(1);
    const [member] = fixture.members;
    member!.reachable = false;
    const dialledAt: number[] = [];
    const dial = member!.connect.bind(member);
    member!.connect = () => {
      dialledAt.push(fixture.clock.now());
      return dial();
    };
    const connected = fixture.pool.connect(never);
    for (let i = 0; i < 200; i++) await fixture.clock.pass(10);
    const pauses = dialledAt.slice(1).map((at, i) => at - dialledAt[i]!);
    assert.deepEqual(pauses.slice(0, 5), [100, 150, 250, 450, 550]);
    member!.reachable = true;
    await fixture.clock.pass(1_000);
    assert.equal((await connected).member.endpoint, 'm0');
  });

  it('ends without a member when every one has refused', async () => {
    const fixture = new PoolFixture(2);
    for (const member of fixture.members) member.reachable = false;
    assert.equal(await fixture.connectOnce(), undefined);
    assert.equal(fixture.ready(), undefined);
    assert.equal(fixture.pool.preferredIsHealthy, false);
  });

  it('uses the member that was dialled first although the last one was refused before', async () => {
    const fixture = new PoolFixture(2);
    const dial = holdDial(fixture.members[0]!);
    fixture.members[1]!.reachable = false;
    const connecting = fixture.connectOnce();
    await fixture.clock.pass(600);
    assert.equal(fixture.health(1).failure, 'unreachable');
    dial.resolve({});
    assert.equal((await connecting)?.member.endpoint, 'm0');
  });

  describe('when the deadline passes first', () => {
    it('reports each member that was dialled, and dials no other', async () => {
      const fixture = new PoolFixture(2);
      for (const member of fixture.members) member.hangs = true;
      const failures: string[] = [];
      const connecting = fixture.connectOnce(300, ({ endpoint }, { message }) =>
        failures.push(`${endpoint} ${message}`),
      );
      await fixture.clock.pass(300);
      assert.equal(await connecting, undefined);
      await fixture.clock.pass(1_000);
      assert.deepEqual(failures, ['m0 DEADLINE_EXCEEDED: not connected before the deadline']);
      assert.deepEqual(fixture.dialled, [fixture.members[0]]);
    });

    it('measures the deadline on the clock of the pool', async () => {
      const fixture = new PoolFixture(1);
      await fixture.clock.pass(10_000);
      fixture.members[0]!.hangs = true;
      let ended = false;
      void fixture.connectOnce(10_300).then(() => {
        ended = true;
      });
      await fixture.clock.pass(299);
      assert.equal(ended, false);
      await fixture.clock.pass(2);
      assert.equal(ended, true);
      assert.equal(fixture.health(0).failure, undefined);
    });

    it('dials no other member when the one that was dialled is refused later', async () => {
      const fixture = new PoolFixture(2);
      const refuse = holdDial(fixture.members[0]!);
      const connecting = fixture.connectOnce(300);
      await fixture.clock.pass(300);
      await connecting;
      refuse.reject(new Error('refused'));
      await fixture.clock.pass(1_000);
      assert.deepEqual(fixture.dialled, []);
    });

    for (const [deadline, failure] of [
      [499, undefined],
      [500, 'unreachable'],
    ] as const)
      it(`finds the member ${failure ?? 'healthy'} after ${deadline} ms`, async () => {
        const fixture = new PoolFixture(1);
        fixture.members[0]!.hangs = true;
        const connecting = fixture.connectOnce(deadline);
        await fixture.clock.pass(deadline);
        await connecting;
        assert.equal(fixture.health(0).failure, failure);
      });
  });

  it('rejects with the reason of its signal, and marks no member unhealthy', async () => {
    const fixture = new PoolFixture(1);
    fixture.members[0]!.hangs = true;
    const abort = new AbortController();
    const connecting = fixture.pool.connectOnce(10_000, abort.signal);
    const reason = new Error('enough');
    const ended = assert.rejects(connecting, reason);
    await fixture.clock.pass(1_000);
    abort.abort(reason);
    await ended;
    assert.deepEqual(fixture.events, []);
    await assert.rejects(fixture.pool.connectOnce(10_000, abort.signal), reason);
  });

  it('rejects when the pool is closed meanwhile', async () => {
    const fixture = new PoolFixture(1);
    const connecting = fixture.connectOnce();
    fixture.pool.close();
    await assert.rejects(connecting, new ClosedError('the client'));
  });

  describe('with TLS', () => {
    function tlsFixture(count: number): PoolFixture {
      const fixture = new PoolFixture(count);
      for (const member of fixture.members) {
        member.reachable = false;
        member.error = tlsError(member.endpoint);
      }
      return fixture;
    }

    it('rejects with the error of the only member', async () => {
      const fixture = tlsFixture(1);
      await assert.rejects(fixture.connectOnce(), fixture.members[0]!.error);
    });

    it('rejects with one error that lists every member if none accepts it', async () => {
      const fixture = tlsFixture(2);
      const message =
        'UNAVAILABLE: no etcd member could be reached with TLS: member m0: unknown authority; member m1: unknown authority';
      await assert.rejects(fixture.connectOnce(), (error: TlsError) => {
        assert.equal(error.message, message);
        assert.deepEqual(
          error.tried.map(({ member }) => member),
          ['m0', 'm1'],
        );
        assert.deepEqual([error.reason, error.cause], ['unknown-authority', fixture.members[0]!.error]);
        return true;
      });
    });

    it('ends without a member if another one is merely unreachable, because a wait may help', async () => {
      const fixture = tlsFixture(2);
      fixture.members[1]!.error = new PoolFixture(2).members[1]!.error;
      assert.equal(await fixture.connectOnce(), undefined);
    });

    it('uses the member that accepts it', async () => {
      const fixture = tlsFixture(2);
      fixture.members[1]!.reachable = true;
      assert.equal((await fixture.connectOnce())?.member.endpoint, 'm1');
    });

    it('ends without a member at the deadline if none has answered yet', async () => {
      const fixture = tlsFixture(1);
      fixture.members[0]!.hangs = true;
      const connecting = fixture.connectOnce(300);
      await fixture.clock.pass(300);
      assert.equal(await connecting, undefined);
    });
  });
});
