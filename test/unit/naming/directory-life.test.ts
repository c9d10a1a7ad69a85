import assert from 'node:assert/strict';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  PermissionDeniedError,
} from '#src/errors/index.js';
import { decodeSnapshot } from '#src/naming/directory/snapshot.js';
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
    const subscriber = { onView: () => told.push(told.length), onFailure: () => {} };
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
        onView: () => {},
        onFailure: () => {
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
      const subscriber = { onView: () => {}, onFailure: (error: unknown) => troubles.push(error) };
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

  describe('that is to be ready', () => {
    const unreachable = new EtcdError('not reached', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
    const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED });

    it('rejects at its deadline with what last stood in the way, and follows no longer', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      const ready = directory.ready('svc');
      const failure = assert.rejects(ready, (error: unknown) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, /'svc\/' did not have 1 endpoints within 30000 ms: .*not reached/);
        assert.equal(error.cause, unreachable);
        return true;
      });
      etcd.mirrors[0]!.failure(unreachable);
      clock.advance(29_999);
      await settled();
      clock.advance(1);
      await failure;
      clock.advance(5_000);
      assert.equal(etcd.mirrors[0]!.over, true);
    });

    it('rejects at its deadline with how many there are', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      const ready = directory.ready('svc', { minEndpoints: 2, timeoutMs: 500 });
      const failure = assert.rejects(ready, /did not have 2 endpoints within 500 ms: it has 1/);
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      clock.advance(500);
      await failure;
    });

    it('rejects at once on a final error, also when some endpoints are known', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      const ready = directory.ready('svc', { minEndpoints: 2 });
      const views = directory.subscribe('svc');
      const failure = assert.rejects(ready, PermissionDeniedError);
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.fail(denied);
      await failure;
      assert.equal((await views.next()).value?.endpoints.length, 1, 'what is known stays known');
      await views.return?.();
    });

    it('ends a reader that has seen nothing yet by a final error', async () => {
      const views = new ServiceDirectory(etcd.client, {}, clock).subscribe('svc');
      const failure = assert.rejects(views.next(), PermissionDeniedError);
      etcd.mirrors[0]!.fail(denied);
      await failure;
      clock.advance(5_000);
      assert.equal(clock.timers, 0);
    });

    it('refuses what cannot work', async () => {
      const directory = new ServiceDirectory(etcd.client, {}, clock);
      for (const options of [{ timeoutMs: Number.NaN }, { timeoutMs: -1 }, { minEndpoints: -1 }])
        await assert.rejects(directory.ready('svc', options), InvalidInputError);
      assert.equal(etcd.mirrors.length, 0);
    });
  });

  describe('whose snapshot store hangs', () => {
    let saves: number;
    const snapshots: SnapshotStore = {
      load: () => new Promise(() => {}),
      save: () => {
        saves++;
        return new Promise(() => {});
      },
    };
    let directory: ServiceDirectory;

    beforeEach(async () => {
      saves = 0;
      directory = new ServiceDirectory(etcd.client, { snapshots }, clock);
      directory.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
    });

    it('closes after 5 s, and says why nothing was saved', async () => {
      let closed = false;
      const closing = directory.close().then(() => {
        closed = true;
      });
      await settled();
      clock.advance(4_999);
      await settled();
      assert.equal(closed, false);
      clock.advance(1);
      await closing;
      assert.match(String(directory.status('svc').snapshotError), /was not saved within 5000 ms/);
      assert.equal(clock.timers, 0);
    });

    it('collects no saves, and says so while it lives', async () => {
      for (let minutes = 0; minutes < 60; minutes++) {
        clock.advance(60_000);
        await settled();
      }
      assert.equal(saves, 1);
      assert.match(String(directory.status('svc').snapshotError), /was not saved within 5000 ms/);
      assert.equal(directory.status('svc').source, 'live');
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
      directory.follow('svc', { onView: () => {}, onFailure: () => {} });
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
      const ageOf = () => Date.now() - decodeSnapshot('svc', saved.at(-1)!)!.savedAt;
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

    it('waits at its close also for what a service saved that is followed no longer', async () => {
      await directory.close();
      let finish = () => {};
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const slow: SnapshotStore = { load: async () => undefined, save: () => finished };
      const other = new ServiceDirectory(etcd.client, { snapshots: slow }, clock);
      const leave = other.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors.at(-1)!.snapshot('a:1');
      await settled();
      leave();
      await pass(5_000);
      let closed = false;
      const closing = other.close().then(() => {
        closed = true;
      });
      await settled();
      assert.equal(closed, false);
      finish();
      await closing;
    });

    it('saves a record that is nested as deep as Go reads, and those beside it', async () => {
      const depth = 9_999;
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      etcd.mirrors[0]!.put('deep', `{"Addr":"d:1","Metadata":${deep}}`);
      await settled();
      assert.equal(directory.get('svc')?.endpoints.length, 2);
      await pass(1_000);
      assert.equal(directory.status('svc').snapshotError, undefined);
      await directory.close();
      const read = decodeSnapshot('svc', saved.at(-1)!);
      assert.deepEqual(read?.view.endpoints.map(({ addr }) => addr).sort(), ['a:1', 'd:1']);
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
