import assert from 'node:assert/strict';
import { directoryClock } from '#src/naming/directory/directory.js';
import { type LossProtectionOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let received: string[];
  let mirror: FakeMirror;

  beforeEach(async () => {
    clock = new FakeClock();
    etcd = new FakeClient();
    await useLossProtection({});
  });

  afterEach(() => etcd.close());

  async function useLossProtection(lossProtection: LossProtectionOptions): Promise<void> {
    directory = new ServiceDirectory(etcd.client, directoryClock.set({ lossProtection }, clock));
    ({ received } = await followIn(directory));
    mirror = etcd.mirrors.at(-1)!;
  }

  /** Advances in steps, so that the reads of the meantime are answered in time. */
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(left, 100));
      await settled();
    }
  };
  const apply = async (change: () => void) => {
    change();
    await settled();
  };
  const unconfirmed = () => [...(directory.get('svc')?.unconfirmed ?? [])];
  const reconnect = () => Object.assign(mirror, { fresh: true, reconnects: mirror.reconnects + 1, forMs: 5 });

  describe('for a service that is empty in a new listing', () => {
    beforeEach(async () => {
      await apply(() => mirror.snapshot('a:1', 'b:1'));
      await apply(() => mirror.resync());
    });

    it('keeps the last endpoints for one protection time, until a read confirms the loss', async () => {
      assert.deepEqual(received, ['[a:1,b:1]', '[a:1,b:1]']);
      assert.deepEqual(unconfirmed(), ['svc/a:1', 'svc/b:1']);
      await advance(9_999);
      assert.deepEqual([received.length, mirror.reads], [2, 0]);
      await advance(1);
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 1]);
    });

    it('keeps the others when one returns, because one alone may not handle all calls', async () => {
      await apply(() => mirror.put('b:1', '{"Addr":"b:1"}'));
      assert.equal(received.at(-1), '[a:1,b:1]');
      await advance(60_000);
      assert.equal(received.at(-1), '[b:1]');
    });

    it('drops a lost record when its address returns under another key', async () => {
      await apply(() => mirror.put('new', '{"Addr":"a:1"}'));
      assert.equal(received.at(-1), '[b:1,a:1]');
    });

    it('does not restart the protection time for each empty list', async () => {
      await advance(6_000);
      await apply(() => mirror.resync());
      await advance(4_000);
      assert.equal(received.at(-1), '[]');
    });

    it('keeps them while etcd does not answer, and for one protection time after that', async () => {
      mirror.answer = undefined;
      for (let seconds = 0; seconds < 600; seconds++) await advance(1_000);
      assert.equal(received.at(-1), '[a:1,b:1]');
      const { reads } = mirror;
      assert.ok(reads > 60 && reads < 400, `${reads} reads in ten minutes`);
      mirror.answer = async () => true;
      // The current read fails within 2 s, and the next one follows within 5 s.
      for (let seconds = 0; seconds < 9; seconds++) await advance(1_000);
      assert.equal(received.at(-1), '[a:1,b:1]');
      for (let seconds = 0; seconds < 11; seconds++) await advance(1_000);
      assert.equal(received.at(-1), '[]');
    });

    it('restarts the protection time when the connection is lost meanwhile', async () => {
      await advance(9_000);
      reconnect();
      mirror.forMs = 1_000; // when the next read is due
      await advance(1_000);
      assert.equal(received.at(-1), '[a:1,b:1]');
      await advance(8_999);
      assert.equal(received.at(-1), '[a:1,b:1]');
      await advance(1);
      assert.equal(received.at(-1), '[]');
    });
  });

  describe('for a service that empties right after a reconnect', () => {
    it('waits until the protection time after the reconnect is over, and then reads', async () => {
      await apply(() => mirror.snapshot('a:1'));
      reconnect();
      await apply(() => mirror.remove('a:1'));
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1]', 0]);
      await advance(10_000);
      assert.equal(received.at(-1), '[]');
      mirror.forMs = 3_600_000;
      await advance(100);
      await apply(() => mirror.put('a:1', '{"Addr":"a:1"}'));
      await apply(() => mirror.remove('a:1'));
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 2]);
    });
  });

  describe('for a service that empties one by one after a reconnect', () => {
    it('keeps all lost endpoints', async () => {
      await apply(() => mirror.snapshot('a:1', 'b:1', 'c:1'));
      reconnect();
      for (const id of ['a:1', 'b:1', 'c:1']) await apply(() => mirror.remove(id));
      assert.equal(received.at(-1), '[a:1,b:1,c:1]');
      await advance(10_000);
      assert.equal(received.at(-1), '[]');
    });
  });

  describe('for a service that empties on an uninterrupted watch', () => {
    const emptied = async () => {
      await apply(() => mirror.snapshot('a:1', 'b:1'));
      for (const id of ['a:1', 'b:1']) await apply(() => mirror.remove(id));
    };

    it('confirms the loss immediately by one read', async () => {
      await emptied();
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 1]);
      assert.equal(clock.timers, 1, 'the timer of the silence check');
    });

    it('keeps all endpoints lost within the protection time while etcd does not answer', async () => {
      mirror.answer = undefined;
      await emptied();
      assert.equal(received.at(-1), '[a:1,b:1]');
      assert.deepEqual(unconfirmed(), ['svc/a:1', 'svc/b:1']);
      for (let seconds = 0; seconds < 600; seconds++) await advance(1_000);
      assert.equal(received.at(-1), '[a:1,b:1]');
    });

    it('treats the loss as after a reconnect once a read has failed', async () => {
      mirror.answer = async () => Promise.reject(new Error('unavailable'));
      await emptied();
      mirror.answer = async () => true;
      await advance(5_000);
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1,b:1]', 2]);
      await advance(10_000);
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 3]);
    });

    it('treats the loss the same when the watch has lost the etcd that answers, or another store answers', async () => {
      for (const answer of [
        async () => {
          mirror.fresh = false;
          return true;
        },
        async () => false,
      ]) {
        await useLossProtection({});
        mirror.answer = answer;
        await emptied();
        assert.equal(received.at(-1), '[a:1,b:1]');
      }
    });

    it('does not confirm a loss by a read that began before it', async () => {
      let answer: (proven: boolean) => void = () => {};
      mirror.answer = () => new Promise((resolve) => (answer = resolve));
      await apply(() => mirror.snapshot('a:1'));
      await apply(() => mirror.remove('a:1'));
      await apply(() => mirror.put('b:1', '{"Addr":"b:1"}'));
      await apply(() => mirror.remove('b:1'));
      answer(true);
      await settled();
      assert.equal(received.at(-1), '[b:1]', 'a:1 was lost before the read');
      await advance(100);
      answer(true);
      await settled();
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 2]);
    });

    it('shows an endpoint that returned during the read, and no empty service before that', async () => {
      mirror.answer = async () => {
        mirror.put('a:1', '{"Addr":"a:1"}');
        return true;
      };
      await apply(() => mirror.snapshot('a:1'));
      await apply(() => mirror.remove('a:1'));
      assert.deepEqual(received, ['[a:1]', '[a:1]', '[a:1]']);
      assert.deepEqual(unconfirmed(), []);
    });

    it('reads once for a hundred losses, and not at all for losses below the threshold', async () => {
      await useLossProtection({ lossThreshold: 0.5 });
      const addrs = Array.from({ length: 100 }, (_, i) => `${i}:1`);
      await apply(() => mirror.snapshot(...addrs));
      mirror.answer = undefined;
      for (const addr of addrs.slice(0, 49)) mirror.remove(addr);
      await settled();
      assert.deepEqual([directory.get('svc')?.endpoints.length, mirror.reads], [51, 0]);
      for (const addr of addrs.slice(49)) await apply(() => mirror.remove(addr));
      assert.deepEqual([directory.get('svc')?.endpoints.length, mirror.reads], [100, 1]);
    });
  });

  describe('with options', () => {
    it('protects a service that loses a part of its endpoints', async () => {
      await useLossProtection({ lossThreshold: 0.5, protectionMs: 1_000 });
      await apply(() => mirror.snapshot('a:1', 'b:1', 'c:1', 'd:1'));
      await apply(() => mirror.resync('a:1', 'e:1'));
      assert.equal(received.at(-1), '[a:1,b:1,c:1,d:1,e:1]');
      await advance(1_000);
      assert.equal(received.at(-1), '[a:1,e:1]');
    });

    it('drops every lost endpoint immediately without a read when the protection is off', async () => {
      await useLossProtection({ protectionMs: 0 });
      await apply(() => mirror.snapshot('a:1'));
      await apply(() => mirror.resync());
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 0]);
    });

    it('keeps a live loss for the protection time with includeLive', async () => {
      await useLossProtection({ includeLive: true });
      await apply(() => mirror.snapshot('a:1'));
      await apply(() => mirror.remove('a:1'));
      assert.deepEqual([received.at(-1), mirror.reads], ['[a:1]', 0]);
      await advance(10_000);
      assert.deepEqual([received.at(-1), mirror.reads], ['[]', 1]);
    });

    it('rejects invalid options', () => {
      const refused = (options: LossProtectionOptions, text: RegExp) =>
        assert.throws(
          () => new ServiceDirectory(etcd.client, directoryClock.set({ lossProtection: options }, clock)),
          text,
        );
      refused({ protectionMs: -1 }, /lossProtection.protectionMs/);
      refused({ protectionMs: Number.NaN }, /lossProtection.protectionMs/);
      refused({ readIntervalMs: -1 }, /lossProtection.readIntervalMs/);
      refused({ lossThreshold: 0 }, /lossProtection.lossThreshold/);
    });
  });
});
