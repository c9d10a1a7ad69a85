import assert from 'node:assert/strict';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { type LossProtectionOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

describe('a directory on an unbroken connection', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let received: string[];
  let mirror: FakeMirror;

  beforeEach(() => useDirectory({}));
  afterEach(() => etcd.close());

  async function useDirectory(lossProtection: LossProtectionOptions): Promise<void> {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, directoryClock.set({ lossProtection }, clock));
    ({ received } = await followIn(directory));
    mirror = etcd.mirrors[0]!;
    await apply(() => mirror.snapshot('a:1', 'b:1'));
  }

  const apply = async (change: () => void) => {
    change();
    await settled();
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(left, 100));
      await settled();
    }
  };
  const expireLeases = async () => {
    for (const id of ['a:1', 'b:1']) await apply(() => mirror.remove(id));
  };
  /** Returns a function that lets etcd resume, and answer the requests that waited. */
  const stall = async (ms: number) => {
    const waiting: (() => void)[] = [];
    etcd.answer = () => new Promise((resolve) => waiting.push(() => resolve({})));
    await advance(ms);
    return () =>
      apply(() => {
        etcd.answer = async () => ({});
        for (const answer of waiting) answer();
      });
  };
  const stallFor = async (ms: number) => (await stall(ms))();

  describe('when etcd stalled', () => {
    // Each case starts at another phase of the reads.
    for (const [quietMs, stillMs] of [
      [0, 6_700],
      [1_000, 6_700],
      [2_500, 6_700],
      [3_300, 6_700],
      [3_400, 11_000],
    ] as const) {
      it(`for ${stillMs} ms, ${quietMs} ms after the start, protects a loss at the end of the stall`, async () => {
        for (const answersFirst of [false, true]) {
          await useDirectory({});
          await advance(quietMs);
          const resume = await stall(stillMs);
          if (answersFirst) await resume();
          await expireLeases();
          await resume();
          assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
        }
      });
    }

    it('protects a loss at the end of the stall when another service is followed meanwhile', async () => {
      const resume = await stall(6_000);
      await followIn(directory, 'other');
      await advance(1_000);
      await expireLeases();
      await resume();
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });

    it('protects a loss at the end of the stall even after a late answer', async () => {
      await stallFor(4_900); // the read of 3.3 s is answered
      await stall(4_100);
      await expireLeases();
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });

    it('protects every single loss, below the threshold too', async () => {
      await stallFor(11_000);
      await apply(() => mirror.remove('a:1'));
      assert.equal(received.at(-1), '[a:1,b:1]');
      await advance(10_100);
      assert.equal(received.at(-1), '[b:1]');
      await apply(() => mirror.put('a:1', '{"Addr":"a:1"}'));
      await apply(() => mirror.remove('a:1'));
      assert.equal(received.at(-1), '[b:1]');
    });

    it('protects a loss some time after the delayed read was answered', async () => {
      await stallFor(11_000);
      await advance(9_000);
      await expireLeases();
      assert.equal(received.at(-1), '[a:1,b:1]');
    });

    it('confirms the loss one protection time later by a read', async () => {
      await stallFor(11_000);
      await expireLeases();
      await advance(9_900);
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
      await advance(200);
      assert.equal(received.at(-1), '[]');
    });

    it('restarts the protection time when etcd stalls again', async () => {
      await stallFor(11_000);
      await expireLeases();
      await advance(1_000);
      await stallFor(6_700);
      await advance(9_900);
      assert.equal(received.at(-1), '[a:1,b:1]');
      await advance(200);
      assert.equal(received.at(-1), '[]');
    });

    it('confirms later losses immediately again', async () => {
      await stallFor(11_000);
      await advance(10_100);
      await expireLeases();
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 1]);
    });
  });

  for (const readIntervalMs of [undefined, 0]) {
    it(`protects a loss right after this process stalled (readIntervalMs ${readIntervalMs})`, async () => {
      await useDirectory(readIntervalMs === undefined ? {} : { readIntervalMs });
      await advance(20_000);
      clock.jump(6_700);
      await expireLeases(); // before any timer
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });
  }

  it('protects a loss after an outage that the watch did not report', async () => {
    etcd.answer = async () => Promise.reject(new EtcdError('gone', { code: Code.UNAVAILABLE }));
    await advance(20_000);
    assert.ok(etcd.reads <= 7, `${etcd.reads} reads that fail in 20 s`);
    await expireLeases();
    assert.equal(received.at(-1), '[a:1,b:1]');
  });

  it('counts a denied read as an answer', async () => {
    etcd.answer = async () =>
      Promise.reject(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await advance(20_000);
    await expireLeases();
    assert.equal(received.at(-1), '[]');
  });

  describe('during ten idle minutes', () => {
    it('reads once per interval for all services, and then confirms a delete by one read', async () => {
      for (let i = 0; i < 100; i++) await followIn(directory, `other/${i}`);
      for (const one of etcd.mirrors.slice(1)) one.snapshot('x:1');
      await advance(600_000);
      assert.ok(etcd.reads >= 170 && etcd.reads <= 180, `${etcd.reads} reads in ten minutes`);
      await expireLeases();
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 1]);
    });

    it('reads nothing with an interval of 0, and does not detect a stalled etcd', async () => {
      await useDirectory({ readIntervalMs: 0 });
      await advance(600_000);
      await stallFor(11_000);
      assert.equal(etcd.reads, 0);
      await expireLeases();
      assert.equal(received.at(-1), '[]');
    });

    it('reads nothing while lists are answered often enough', async () => {
      for (let i = 0; i < 100; i++) {
        await followIn(directory, `other/${i}`);
        await apply(() => etcd.mirrors.at(-1)!.snapshot('x:1'));
        await advance(3_000);
      }
      assert.equal(etcd.reads, 0);
      await expireLeases();
      assert.equal(received.at(-1), '[]');
    });

    it('reads at the configured interval', async () => {
      await useDirectory({ readIntervalMs: 60_000 });
      await advance(600_000);
      assert.ok(etcd.reads >= 9 && etcd.reads <= 10, `${etcd.reads} reads in ten minutes`);
    });

    it('reads nothing while it follows no service, or while the protection is off', async () => {
      for (const protectionMs of [10_000, 0]) {
        await useDirectory({ protectionMs });
        directory.follow('svc', { onView: () => {}, onFailure: () => {} })();
        await directory.close();
        const idle = new ServiceDirectory(
          etcd.client,
          directoryClock.set({ lossProtection: { protectionMs } }, clock),
        );
        const { unsubscribe } = await followIn(idle);
        unsubscribe();
        await advance(5_000);
        const { reads } = etcd;
        await advance(60_000);
        assert.deepEqual([etcd.reads - reads, clock.timers], [0, 0]);
        assert.ok(protectionMs > 0 || reads === 0);
      }
    });
  });
});
