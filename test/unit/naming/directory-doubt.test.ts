import assert from 'node:assert/strict';
import { type HoldOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, {}, clock);
  });

  const follow = () => followIn(directory);

  describe('of a service that turns up empty after history was lost', () => {
    let told: string[];

    beforeEach(async () => {
      ({ told } = await follow());
      etcd.mirrors[0]!.snapshot('a:1', 'b:1');
      await settled();
      etcd.mirrors[0]!.resync();
      await settled();
    });

    it('keeps the last known endpoints for one TTL, and then believes it', () => {
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]']);
      assert.deepEqual([...(directory.get('svc')?.held ?? [])], ['svc/a:1', 'svc/b:1']);
      clock.advance(9_999);
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]']);
      clock.advance(1);
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]', '[]']);
    });

    it('keeps the others beside who is back: one alone could not carry them all', async () => {
      etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
      await settled();
      assert.equal(told.at(-1), '[a:1,b:1]');
      clock.advance(60_000);
      assert.equal(told.at(-1), '[b:1]');
    });

    it('lets go of an address that is back under another key', async () => {
      etcd.mirrors[0]!.put('new', '{"Addr":"a:1"}');
      await settled();
      assert.equal(told.at(-1), '[b:1,a:1]');
    });

    it('does not begin to wait anew with each empty list', async () => {
      clock.advance(6_000);
      etcd.mirrors[0]!.resync();
      await settled();
      clock.advance(4_000);
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties right after a reconnect', () => {
    it('doubts that, and no longer when the reconnect is some time ago', async () => {
      const { told } = await follow();
      const [mirror] = etcd.mirrors;
      mirror!.snapshot('a:1');
      await settled();
      Object.assign(mirror!, { reconnects: 1, forMs: 5 });
      mirror!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[a:1]');
      clock.advance(10_000);
      assert.equal(told.at(-1), '[]');
      mirror!.forMs = 3_600_000;
      mirror!.put('a:1', '{"Addr":"a:1"}');
      mirror!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties one by one after a reconnect', () => {
    it('keeps all that went so', async () => {
      const { told } = await follow();
      const [mirror] = etcd.mirrors;
      mirror!.snapshot('a:1', 'b:1', 'c:1');
      await settled();
      Object.assign(mirror!, { reconnects: 1, forMs: 5 });
      for (const id of ['a:1', 'b:1', 'c:1']) {
        mirror!.remove(id);
        await settled();
      }
      assert.equal(told.at(-1), '[a:1,b:1,c:1]');
      clock.advance(10_000);
      assert.equal(told.at(-1), '[]');
    });
  });

  it('believes at once a service that empties before its eyes, or is met empty', async () => {
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot();
    await settled();
    etcd.mirrors[0]!.put('a:1', '{"Addr":"a:1"}');
    await settled();
    etcd.mirrors[0]!.remove('a:1');
    await settled();
    assert.deepEqual(told, ['[]', '[a:1]', '[]']);
  });

  describe('told how to doubt', () => {
    const doubting = (hold: HoldOptions) => {
      directory = new ServiceDirectory(etcd.client, { hold }, clock);
    };

    it('holds back the loss of a part', async () => {
      doubting({ lossShare: 0.5, holdMs: 1_000 });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1', 'b:1', 'c:1', 'd:1');
      await settled();
      etcd.mirrors[0]!.resync('a:1', 'e:1');
      await settled();
      assert.equal(told.at(-1), '[a:1,b:1,c:1,d:1,e:1]');
      clock.advance(1_000);
      assert.equal(told.at(-1), '[a:1,e:1]');
    });

    it('believes everything at once', async () => {
      doubting({ holdMs: 0 });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.resync();
      await settled();
      assert.equal(told.at(-1), '[]');
    });

    it('doubts even what it sees as it happens', async () => {
      doubting({ doubtLive: true });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[a:1]');
    });

    it('refuses what cannot work', () => {
      assert.throws(() => doubting({ holdMs: -1 }), /hold.holdMs/);
      assert.throws(() => doubting({ lossShare: 0 }), /hold.lossShare/);
    });
  });
});
