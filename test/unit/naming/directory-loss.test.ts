import assert from 'node:assert/strict';
import { type LossProtectionOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let told: string[];
  let mirror: FakeMirror;

  beforeEach(async () => {
    clock = new FakeClock();
    etcd = new FakeClient();
    await protectedBy({});
  });

  afterEach(() => etcd.close());

  async function protectedBy(lossProtection: LossProtectionOptions): Promise<void> {
    directory = new ServiceDirectory(etcd.client, { lossProtection }, clock);
    ({ told } = await followIn(directory));
    mirror = etcd.mirrors.at(-1)!;
  }

  /** In steps, so that what is asked meanwhile is answered meanwhile. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(left, 100));
      await settled();
    }
  };
  const does = async (change: () => void) => {
    change();
    await settled();
  };
  const held = () => [...(directory.get('svc')?.unconfirmed ?? [])];
  const reconnected = () =>
    Object.assign(mirror, { fresh: true, reconnects: mirror.reconnects + 1, forMs: 5 });

  describe('of a service that is empty after history was lost', () => {
    beforeEach(async () => {
      await does(() => mirror.snapshot('a:1', 'b:1'));
      await does(() => mirror.resync());
    });

    it('keeps the last known endpoints for one protection time, and then believes a read', async () => {
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]']);
      assert.deepEqual(held(), ['svc/a:1', 'svc/b:1']);
      await pass(9_999);
      assert.deepEqual([told.length, mirror.reads], [2, 0]);
      await pass(1);
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 1]);
    });

    it('keeps the others beside one that returns: one alone could not carry them all', async () => {
      await does(() => mirror.put('b:1', '{"Addr":"b:1"}'));
      assert.equal(told.at(-1), '[a:1,b:1]');
      await pass(60_000);
      assert.equal(told.at(-1), '[b:1]');
    });

    it('lets go of an address that returns under another key', async () => {
      await does(() => mirror.put('new', '{"Addr":"a:1"}'));
      assert.equal(told.at(-1), '[b:1,a:1]');
    });

    it('does not begin to wait again with each empty list', async () => {
      await pass(6_000);
      await does(() => mirror.resync());
      await pass(4_000);
      assert.equal(told.at(-1), '[]');
    });

    it('keeps them while etcd does not answer, and for one protection time after that', async () => {
      mirror.answer = undefined;
      for (let seconds = 0; seconds < 600; seconds++) await pass(1_000);
      assert.equal(told.at(-1), '[a:1,b:1]');
      const { reads } = mirror;
      assert.ok(reads > 60 && reads < 400, `${reads} reads in ten minutes`);
      mirror.answer = async () => true;
      // The read under way fails within 2 s, and the next one follows within 5 s.
      for (let seconds = 0; seconds < 9; seconds++) await pass(1_000);
      assert.equal(told.at(-1), '[a:1,b:1]');
      for (let seconds = 0; seconds < 11; seconds++) await pass(1_000);
      assert.equal(told.at(-1), '[]');
    });

    it('begins again with the protection time when the connection is lost meanwhile', async () => {
      await pass(9_000);
      reconnected();
      mirror.forMs = 1_000; // when the next read is due
      await pass(1_000);
      assert.equal(told.at(-1), '[a:1,b:1]');
      await pass(8_999);
      assert.equal(told.at(-1), '[a:1,b:1]');
      await pass(1);
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties right after a reconnect', () => {
    it('doubts that, and asks etcd when the reconnect is some time ago', async () => {
      await does(() => mirror.snapshot('a:1'));
      reconnected();
      await does(() => mirror.remove('a:1'));
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1]', 0]);
      await pass(10_000);
      assert.equal(told.at(-1), '[]');
      mirror.forMs = 3_600_000;
      await pass(100);
      await does(() => mirror.put('a:1', '{"Addr":"a:1"}'));
      await does(() => mirror.remove('a:1'));
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 2]);
    });
  });

  describe('of a service that empties one by one after a reconnect', () => {
    it('keeps all that went so', async () => {
      await does(() => mirror.snapshot('a:1', 'b:1', 'c:1'));
      reconnected();
      for (const id of ['a:1', 'b:1', 'c:1']) await does(() => mirror.remove(id));
      assert.equal(told.at(-1), '[a:1,b:1,c:1]');
      await pass(10_000);
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties as it is watched', () => {
    const emptied = async () => {
      await does(() => mirror.snapshot('a:1', 'b:1'));
      for (const id of ['a:1', 'b:1']) await does(() => mirror.remove(id));
    };

    it('believes one read that confirms it, at once', async () => {
      await emptied();
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 1]);
      assert.equal(clock.timers, 1, 'that of the next sign of life');
    });

    it('keeps all that went within the protection time while etcd does not answer', async () => {
      mirror.answer = undefined;
      await emptied();
      assert.equal(told.at(-1), '[a:1,b:1]');
      assert.deepEqual(held(), ['svc/a:1', 'svc/b:1']);
      for (let seconds = 0; seconds < 600; seconds++) await pass(1_000);
      assert.equal(told.at(-1), '[a:1,b:1]');
    });

    it('treats the loss as after a reconnect once a read has failed', async () => {
      mirror.answer = async () => Promise.reject(new Error('unavailable'));
      await emptied();
      mirror.answer = async () => true;
      await pass(5_000);
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1,b:1]', 2]);
      await pass(10_000);
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 3]);
    });

    it('treats it so, too, when the read is answered by an etcd that the watch has lost, or by another store', async () => {
      for (const answer of [
        async () => {
          mirror.fresh = false;
          return true;
        },
        async () => false,
      ]) {
        await protectedBy({});
        mirror.answer = answer;
        await emptied();
        assert.equal(told.at(-1), '[a:1,b:1]');
      }
    });

    it('does not believe a read that began before the loss', async () => {
      let answer: (proven: boolean) => void = () => {};
      mirror.answer = () => new Promise((resolve) => (answer = resolve));
      await does(() => mirror.snapshot('a:1'));
      await does(() => mirror.remove('a:1'));
      await does(() => mirror.put('b:1', '{"Addr":"b:1"}'));
      await does(() => mirror.remove('b:1'));
      answer(true);
      await settled();
      assert.equal(told.at(-1), '[b:1]', 'a:1 went before the read');
      await pass(100);
      answer(true);
      await settled();
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 2]);
    });

    it('shows what returned while it was asked, and not an empty service before that', async () => {
      mirror.answer = async () => {
        mirror.put('a:1', '{"Addr":"a:1"}');
        return true;
      };
      await does(() => mirror.snapshot('a:1'));
      await does(() => mirror.remove('a:1'));
      assert.deepEqual(told, ['[a:1]', '[a:1]', '[a:1]']);
      assert.deepEqual(held(), []);
    });

    it('asks once for a hundred losses, and not at all for those that leave enough', async () => {
      await protectedBy({ lossThreshold: 0.5 });
      const addrs = Array.from({ length: 100 }, (_, i) => `${i}:1`);
      await does(() => mirror.snapshot(...addrs));
      mirror.answer = undefined;
      for (const addr of addrs.slice(0, 49)) mirror.remove(addr);
      await settled();
      assert.deepEqual([directory.get('svc')?.endpoints.length, mirror.reads], [51, 0]);
      for (const addr of addrs.slice(49)) await does(() => mirror.remove(addr));
      assert.deepEqual([directory.get('svc')?.endpoints.length, mirror.reads], [100, 1]);
    });
  });

  describe('with options of its own', () => {
    it('doubts the loss of a part', async () => {
      await protectedBy({ lossThreshold: 0.5, protectionMs: 1_000 });
      await does(() => mirror.snapshot('a:1', 'b:1', 'c:1', 'd:1'));
      await does(() => mirror.resync('a:1', 'e:1'));
      assert.equal(told.at(-1), '[a:1,b:1,c:1,d:1,e:1]');
      await pass(1_000);
      assert.equal(told.at(-1), '[a:1,e:1]');
    });

    it('believes everything at once, and reads nothing', async () => {
      await protectedBy({ protectionMs: 0 });
      await does(() => mirror.snapshot('a:1'));
      await does(() => mirror.resync());
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 0]);
    });

    it('keeps what it sees go as it happens for the protection time', async () => {
      await protectedBy({ includeLive: true });
      await does(() => mirror.snapshot('a:1'));
      await does(() => mirror.remove('a:1'));
      assert.deepEqual([told.at(-1), mirror.reads], ['[a:1]', 0]);
      await pass(10_000);
      assert.deepEqual([told.at(-1), mirror.reads], ['[]', 1]);
    });

    it('refuses what cannot work', () => {
      const refused = (options: LossProtectionOptions, text: RegExp) =>
        assert.throws(() => new ServiceDirectory(etcd.client, { lossProtection: options }, clock), text);
      refused({ protectionMs: -1 }, /lossProtection.protectionMs/);
      refused({ protectionMs: Number.NaN }, /lossProtection.protectionMs/);
      refused({ readIntervalMs: -1 }, /lossProtection.readIntervalMs/);
      refused({ lossThreshold: 0 }, /lossProtection.lossThreshold/);
    });
  });
});
