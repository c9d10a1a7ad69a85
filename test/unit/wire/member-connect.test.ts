import assert from 'node:assert/strict';
import { ClosedError, TlsError } from '#src/errors/index.js';
import { PoolScene } from './pool-scene.js';

const never = new AbortController().signal;
const tlsError = (member: string) =>
  new TlsError(`member ${member}: unknown authority`, 'unknown-authority', [
    { member, answer: 'unknown authority', attempts: 1 },
  ]);

describe('connecting to a member', () => {
  it('takes round after round, with growing pauses, until one can be reached', async () => {
    const scene = new PoolScene(1);
    const [member] = scene.members;
    member!.reachable = false;
    const dialledAt: number[] = [];
    const dial = member!.connect.bind(member);
    member!.connect = () => {
      dialledAt.push(scene.clock.now());
      return dial();
    };
    const connected = scene.pool.connect(never);
    for (let i = 0; i < 200; i++) await scene.clock.pass(10);
    const pauses = dialledAt.slice(1).map((at, i) => at - dialledAt[i]!);
    assert.deepEqual(pauses.slice(0, 5), [100, 150, 250, 450, 550]);
    member!.reachable = true;
    await scene.clock.pass(1_000);
    assert.equal((await connected).member.endpoint, 'm0');
  });

  it('ends without a member when every one has refused', async () => {
    const scene = new PoolScene(2);
    for (const member of scene.members) member.reachable = false;
    assert.equal(await scene.connectOnce(), undefined);
    assert.equal(scene.ready(), undefined);
    assert.equal(scene.pool.preferredIsHealthy, false);
  });

  describe('when the deadline passes first', () => {
    it('reports each member that was dialled, and dials no other', async () => {
      const scene = new PoolScene(2);
      for (const member of scene.members) member.hangs = true;
      const failures: string[] = [];
      const connecting = scene.connectOnce(300, ({ endpoint }, { message }) =>
        failures.push(`${endpoint} ${message}`),
      );
      await scene.clock.pass(300);
      assert.equal(await connecting, undefined);
      await scene.clock.pass(1_000);
      assert.deepEqual(failures, ['m0 DEADLINE_EXCEEDED: not connected before the deadline']);
      assert.deepEqual(scene.dialled, [scene.members[0]]);
    });

    it('measures the deadline on the clock of the pool', async () => {
      const scene = new PoolScene(1);
      await scene.clock.pass(10_000);
      scene.members[0]!.hangs = true;
      let ended = false;
      void scene.connectOnce(10_300).then(() => {
        ended = true;
      });
      await scene.clock.pass(299);
      assert.equal(ended, false);
      await scene.clock.pass(2);
      assert.equal(ended, true);
    });

    for (const [deadline, failure] of [
      [499, undefined],
      [500, 'unreachable'],
    ] as const)
      it(`finds the member ${failure ?? 'healthy'} after ${deadline} ms`, async () => {
        const scene = new PoolScene(1);
        scene.members[0]!.hangs = true;
        const connecting = scene.connectOnce(deadline);
        await scene.clock.pass(deadline);
        await connecting;
        assert.equal(scene.health(0).failure, failure);
      });
  });

  it('rejects with the reason of its signal, and marks no member unhealthy', async () => {
    const scene = new PoolScene(1);
    scene.members[0]!.hangs = true;
    const abort = new AbortController();
    const connecting = scene.pool.connectOnce(10_000, abort.signal);
    const reason = new Error('enough');
    const ended = assert.rejects(connecting, reason);
    await scene.clock.pass(1_000);
    abort.abort(reason);
    await ended;
    assert.deepEqual(scene.events, []);
    await assert.rejects(scene.pool.connectOnce(10_000, abort.signal), reason);
  });

  it('rejects when the pool is closed meanwhile', async () => {
    const scene = new PoolScene(1);
    const connecting = scene.connectOnce();
    scene.pool.close();
    await assert.rejects(connecting, new ClosedError('the client'));
  });

  describe('with TLS', () => {
    function tlsScene(count: number): PoolScene {
      const scene = new PoolScene(count);
      for (const member of scene.members) {
        member.reachable = false;
        member.error = tlsError(member.endpoint);
      }
      return scene;
    }

    it('rejects with the error of the only member', async () => {
      const scene = tlsScene(1);
      await assert.rejects(scene.connectOnce(), scene.members[0]!.error);
    });

    it('rejects with one error that lists every member if none accepts it', async () => {
      const scene = tlsScene(2);
      const message =
        'UNAVAILABLE: no etcd member could be reached with TLS: member m0: unknown authority; member m1: unknown authority';
      await assert.rejects(scene.connectOnce(), (error: TlsError) => {
        assert.equal(error.message, message);
        assert.deepEqual(
          error.tried.map(({ member }) => member),
          ['m0', 'm1'],
        );
        assert.deepEqual([error.reason, error.cause], ['unknown-authority', scene.members[0]!.error]);
        return true;
      });
    });

    it('ends without a member if another one is merely unreachable, because a wait may help', async () => {
      const scene = tlsScene(2);
      scene.members[1]!.error = new PoolScene(2).members[1]!.error;
      assert.equal(await scene.connectOnce(), undefined);
    });

    it('uses the member that accepts it', async () => {
      const scene = tlsScene(2);
      scene.members[1]!.reachable = true;
      assert.equal((await scene.connectOnce())?.member.endpoint, 'm1');
    });

    it('ends without a member at the deadline if none has answered yet', async () => {
      const scene = tlsScene(1);
      scene.members[0]!.hangs = true;
      const connecting = scene.connectOnce(300);
      await scene.clock.pass(300);
      assert.equal(await connecting, undefined);
    });
  });
});
