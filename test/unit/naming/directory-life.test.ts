import assert from 'node:assert/strict';
import { ClosedError } from '#src/errors/index.js';
import { readSnapshot } from '#src/naming/directory/snapshot.js';
import { ServiceDirectory, type SnapshotStore } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, settled } from './fake-service.js';

describe('a directory', () => {
  let clock: FakeClock;
  let etcd: FakeClient;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
  });

  afterEach(() => etcd.close());

  it('goes on telling one who follows twice with one object and leaves once', async () => {
    const directory = new ServiceDirectory(etcd.client, {}, clock);
    const told: number[] = [];
    const subscriber = { view: () => told.push(told.length), trouble: () => {} };
    const leave = directory.follow('svc', subscriber);
    directory.follow('svc', subscriber);
    await settled();
    leave();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    assert.equal(told.length, 1);
    clock.advance(60_000);
    assert.equal(etcd.mirrors[0]!.over, false);
  });

  describe('on a client that is closed already', () => {
    it('is closed, too', async () => {
      etcd.onClose = (callback) => {
        callback();
        return () => {};
      };
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      await assert.rejects(directory.ready('svc'), ClosedError);
      await directory.close();
    });
  });

  describe('that is closed', () => {
    it('closes once, though a reader that is told closes it and leaves', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      let told = 0;
      const leave = directory.follow('svc', {
        view: () => {},
        trouble: () => {
          told++;
          leave();
          void directory.close();
        },
      });
      await directory.close();
      assert.equal(told, 1);
      assert.equal(clock.timers, 0);
    });

    it('follows nothing any more, tells so, and keeps no timer', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      const troubles: unknown[] = [];
      const subscriber = { view: () => {}, trouble: (error: unknown) => troubles.push(error) };
      directory.follow('svc', subscriber);
      const ready = assert.rejects(directory.ready('svc'), ClosedError);
      etcd.mirrors[0]!.snapshot();
      await settled();
      await directory.close();
      await directory.close();
      await ready;
      directory.follow('other', subscriber);
      await settled();
      assert.deepEqual(
        troubles.map(String),
        Array(2).fill('ClosedError: CANCELLED: the directory is closed'),
      );
      assert.equal(etcd.mirrors.length, 1);
      assert.equal(etcd.mirrors[0]!.over, true);
      assert.equal(clock.timers, 0);
      assert.equal(etcd.closeListeners, 0);
    });
  });

  describe('with snapshots', () => {
    const saved: Uint8Array[] = [];
    let failure: Error | undefined;
    let directory: ServiceDirectory;
    const snapshots: SnapshotStore = {
      load: async () => undefined,
      save: async (_, bytes) => {
        if (failure) throw failure;
        saved.push(bytes);
      },
    };

    beforeEach(async () => {
      saved.length = 0;
      failure = undefined;
      directory = new ServiceDirectory(etcd.client, { snapshots }, clock);
      directory.follow('svc', { view: () => {}, trouble: () => {} });
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
    });

    const pass = async (ms: number) => {
      clock.advance(ms);
      await settled();
    };

    it('saves a burst of changes once, and each minute what has not changed', async () => {
      for (const id of ['b', 'c', 'd']) etcd.mirrors[0]!.put(id, `{"Addr":"${id}:1"}`);
      await settled();
      await pass(999);
      assert.equal(saved.length, 0);
      await pass(1);
      assert.equal(saved.length, 1);
      for (const count of [2, 3]) {
        await pass(60_000);
        assert.equal(saved.length, count);
      }
      etcd.mirrors[0]!.put('e', '{"Addr":"e:1"}');
      await settled();
      await pass(1_000);
      assert.equal(saved.length, 4);
    });

    it('saves an age that grows only while etcd is out of reach', async () => {
      const ageOf = () => Date.now() - readSnapshot('svc', saved.at(-1)!)!.savedAt;
      await pass(61_000);
      assert.ok(ageOf() < 30_000, `${ageOf()} ms`);
      const mirror = etcd.mirrors[0]!;
      [mirror.fresh, mirror.forMs] = [false, 3_600_000];
      await pass(60_000);
      assert.ok(ageOf() >= 3_600_000, `${ageOf()} ms`);
    });

    it('saves at its end what it had no time to save', async () => {
      await directory.close();
      assert.equal(saved.length, 1);
    });

    it('outlives a record that cannot be written, and tells so', async () => {
      const depth = 100_000;
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      etcd.mirrors[0]!.put('deep', `{"Addr":"d:1","Metadata":${deep}}`);
      await settled();
      assert.equal(directory.get('svc')?.endpoints.length, 2);
      await pass(1_000);
      assert.match(String(directory.status('svc').snapshotError), /RangeError/);
      await directory.close();
      assert.equal(etcd.mirrors[0]!.over, true);
    });

    it('tells that it cannot save, also while all else is well, until it can', async () => {
      failure = new Error('disk full');
      await pass(1_000);
      const { source, lastError, snapshotError } = directory.status('svc');
      assert.deepEqual([source, lastError], ['live', undefined]);
      assert.match(String(snapshotError), /disk full/);
      failure = undefined;
      await pass(60_000);
      assert.equal(directory.status('svc').snapshotError, undefined);
    });
  });
});
