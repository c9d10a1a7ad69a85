import assert from 'node:assert/strict';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { type LossProtectionOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

describe('a directory on a connection that never breaks', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let told: string[];
  let mirror: FakeMirror;

  beforeEach(() => useDirectory({}));
  afterEach(() => etcd.close());

  async function useDirectory(lossProtection: LossProtectionOptions): Promise<void> {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, { lossProtection }, clock);
    ({ told } = await followIn(directory));
    mirror = etcd.mirrors[0]!;
    await does(() => mirror.snapshot('a:1', 'b:1'));
  }

  const does = async (change: () => void) => {
    change();
    await settled();
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(left, 100));
      await settled();
    }
  };
  const expires = async () => {
    for (const id of ['a:1', 'b:1']) await does(() => mirror.remove(id));
  };
  /** Returns what makes etcd go on, and answer what waited. */
  const standsStill = async (ms: number) => {
    const waiting: (() => void)[] = [];
    etcd.answer = () => new Promise((resolve) => waiting.push(() => resolve({})));
    await pass(ms);
    return () =>
      does(() => {
        etcd.answer = async () => ({});
        for (const answer of waiting) answer();
      });
  };
  const stoodStill = async (ms: number) => (await standsStill(ms))();

  describe('whose etcd stood still', () => {
    // The phase of the reads is another each time.
    for (const [quietMs, stillMs] of [
      [0, 6_700],
      [1_000, 6_700],
      [2_500, 6_700],
      [3_300, 6_700],
      [3_400, 11_000],
    ] as const) {
      it(`for ${stillMs} ms, ${quietMs} ms after it was followed, keeps what goes right then`, async () => {
        for (const answersFirst of [false, true]) {
          await useDirectory({});
          await pass(quietMs);
          const goesOn = await standsStill(stillMs);
          if (answersFirst) await goesOn();
          await expires();
          await goesOn();
          assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
        }
      });
    }

    it('keeps what goes then, also where another service is followed meanwhile', async () => {
      const goesOn = await standsStill(6_000);
      await followIn(directory, 'other');
      await pass(1_000);
      await expires();
      await goesOn();
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });

    it('keeps what goes then, though an answer from before came late', async () => {
      await stoodStill(4_900); // the read of 3.3 s is answered
      await standsStill(4_100);
      await expires();
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });

    it('keeps each that goes, however few they are', async () => {
      await stoodStill(11_000);
      await does(() => mirror.remove('a:1'));
      assert.equal(told.at(-1), '[a:1,b:1]');
      await pass(10_100);
      assert.equal(told.at(-1), '[b:1]');
      await does(() => mirror.put('a:1', '{"Addr":"a:1"}'));
      await does(() => mirror.remove('a:1'));
      assert.equal(told.at(-1), '[b:1]');
    });

    it('keeps what goes some time after the read that waited was answered', async () => {
      await stoodStill(11_000);
      await pass(9_000);
      await expires();
      assert.equal(told.at(-1), '[a:1,b:1]');
    });

    it('believes one protection time later, by a read', async () => {
      await stoodStill(11_000);
      await expires();
      await pass(9_900);
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
      await pass(200);
      assert.equal(told.at(-1), '[]');
    });

    it('begins again with the protection time when etcd stands still meanwhile', async () => {
      await stoodStill(11_000);
      await expires();
      await pass(1_000);
      await stoodStill(6_700);
      await pass(9_900);
      assert.equal(told.at(-1), '[a:1,b:1]');
      await pass(200);
      assert.equal(told.at(-1), '[]');
    });

    it('believes at once again what goes later', async () => {
      await stoodStill(11_000);
      await pass(10_100);
      await expires();
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 1]);
    });
  });

  for (const readIntervalMs of [undefined, 0]) {
    it(`keeps what goes right after this process stood still (readIntervalMs ${readIntervalMs})`, async () => {
      await useDirectory(readIntervalMs === undefined ? {} : { readIntervalMs });
      await pass(20_000);
      clock.jump(6_700);
      await expires(); // before any timer
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 0]);
    });
  }

  it('keeps what goes after an outage that no watch has noticed', async () => {
    etcd.answer = async () => Promise.reject(new EtcdError('gone', { code: Code.UNAVAILABLE }));
    await pass(20_000);
    assert.ok(etcd.reads <= 7, `${etcd.reads} reads that fail in 20 s`);
    await expires();
    assert.equal(told.at(-1), '[a:1,b:1]');
  });

  it('takes a refusal for an answer', async () => {
    etcd.answer = async () =>
      Promise.reject(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await pass(20_000);
    await expires();
    assert.equal(told.at(-1), '[]');
  });

  describe('through ten idle minutes', () => {
    it('reads once for all services in a third of the protection time, and then believes a delete by one read', async () => {
      for (let i = 0; i < 100; i++) await followIn(directory, `other/${i}`);
      for (const one of etcd.mirrors.slice(1)) one.snapshot('x:1');
      await pass(600_000);
      assert.ok(etcd.reads >= 170 && etcd.reads <= 180, `${etcd.reads} reads in ten minutes`);
      await expires();
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 1]);
    });

    it('reads nothing where that is turned off, and then does not notice an etcd that stands still', async () => {
      await useDirectory({ readIntervalMs: 0 });
      await pass(600_000);
      await stoodStill(11_000);
      assert.equal(etcd.reads, 0);
      await expires();
      assert.equal(told.at(-1), '[]');
    });

    it('reads nothing where it reads lists often enough', async () => {
      for (let i = 0; i < 100; i++) {
        await followIn(directory, `other/${i}`);
        await does(() => etcd.mirrors.at(-1)!.snapshot('x:1'));
        await pass(3_000);
      }
      assert.equal(etcd.reads, 0);
      await expires();
      assert.equal(told.at(-1), '[]');
    });

    it('reads as often as it is told to', async () => {
      await useDirectory({ readIntervalMs: 60_000 });
      await pass(600_000);
      assert.ok(etcd.reads >= 9 && etcd.reads <= 10, `${etcd.reads} reads in ten minutes`);
    });

    it('reads nothing while it follows nothing, and none where nothing is doubted', async () => {
      for (const protectionMs of [10_000, 0]) {
        await useDirectory({ protectionMs });
        directory.follow('svc', { onView: () => {}, onFailure: () => {} })();
        await directory.close();
        const idle = new ServiceDirectory(etcd.client, { lossProtection: { protectionMs } }, clock);
        const { unsubscribe } = await followIn(idle);
        unsubscribe();
        await pass(5_000);
        const { reads } = etcd;
        await pass(60_000);
        assert.deepEqual([etcd.reads - reads, clock.timers], [0, 0]);
        assert.ok(protectionMs > 0 || reads === 0);
      }
    });
  });
});
