import assert from 'node:assert/strict';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  PermissionDeniedError,
} from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { decodeSnapshot } from '#src/naming/directory/snapshots/snapshot.js';
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

  it('keeps the second subscription of an object whose first one ended', async () => {
    const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
    const received: number[] = [];
    const subscriber = { onView: () => received.push(received.length), onFailure: () => {} };
    const unfollow = directory.follow('svc', subscriber);
    directory.follow('svc', subscriber);
    await settled();
    unfollow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    assert.equal(received.length, 1);
    clock.advance(60_000);
    assert.equal(etcd.mirrors[0]!.hasEnded, false);
  });

  describe('on a client that is already closed', () => {
    it('is closed too', async () => {
      etcd.onClose = (callback) => {
        callback();
        return () => {};
      };
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      await assert.rejects(directory.ready('svc'), ClosedError);
      await directory.close();
    });
  });

  describe('after close()', () => {
    it('notifies a subscriber once, even if its callback unsubscribes and closes the directory', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      let received = 0;
      const unfollow = directory.follow('svc', {
        onView: () => {},
        onFailure: () => {
          received++;
          unfollow();
          void directory.close();
        },
      });
      await directory.close();
      assert.equal(received, 1);
      assert.equal(clock.timers, 0);
    });

    it('ends its subscriptions with ClosedError, follows no further service, and leaves no timer', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      const failures: unknown[] = [];
      const subscriber = { onView: () => {}, onFailure: (error: unknown) => failures.push(error) };
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
        failures.map(String),
        Array(2).fill('ClosedError: CANCELLED: the directory is closed'),
      );
      assert.equal(etcd.mirrors.length, 1);
      assert.equal(etcd.mirrors[0]!.hasEnded, true);
      assert.equal(clock.timers, 0);
      assert.equal(etcd.closeListeners, 0);
    });
  });

  describe('ready()', () => {
    const unreachable = new EtcdError('not reached', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
    const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED });

    it('rejects at its deadline with the last failure as the cause, and unsubscribes', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
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
      assert.equal(etcd.mirrors[0]!.hasEnded, true);
    });

    it('names the number of endpoints when it rejects at its deadline', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      const ready = directory.ready('svc', { minEndpoints: 2, timeoutMs: 500 });
      const failure = assert.rejects(ready, /did not have 2 endpoints within 500 ms: it has 1/);
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      clock.advance(500);
      await failure;
    });

    it('rejects immediately on a final error, even when some endpoints are known', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      const ready = directory.ready('svc', { minEndpoints: 2 });
      const views = directory.subscribe('svc');
      const failure = assert.rejects(ready, PermissionDeniedError);
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.fail(denied);
      await failure;
      assert.equal((await views.next()).value?.endpoints.length, 1, 'the known view is kept');
      await views.return?.();
    });

    it('ends an iteration without a view by a final error', async () => {
      const views = new ServiceDirectory(etcd.client, directoryClock.set({}, clock)).subscribe('svc');
      const failure = assert.rejects(views.next(), PermissionDeniedError);
      etcd.mirrors[0]!.fail(denied);
      await failure;
      clock.advance(5_000);
      assert.equal(clock.timers, 0);
    });

    it('rejects invalid options', async () => {
      const directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      for (const options of [{ timeoutMs: Number.NaN }, { timeoutMs: -1 }, { minEndpoints: -1 }])
        await assert.rejects(directory.ready('svc', options), InvalidInputError);
      assert.equal(etcd.mirrors.length, 0);
    });
  });

  describe('with a snapshot store that hangs', () => {
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
      directory = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots }, clock));
      directory.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
    });

    it('closes after 5 s, and reports that nothing was saved', async () => {
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

    it('runs no further saves, and reports the failure in its status', async () => {
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
      directory = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots }, clock));
      directory.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
    });

    const advance = async (ms: number) => {
      clock.advance(ms);
      await settled();
    };

    it('saves a burst of changes once, and an unchanged view every minute', async () => {
      for (const id of ['b', 'c', 'd']) etcd.mirrors[0]!.put(id, `{"Addr":"${id}:1"}`);
      await settled();
      await advance(999);
      assert.equal(saved.length, 0);
      await advance(1);
      assert.equal(saved.length, 1);
      for (const count of [2, 3]) {
        await advance(60_000);
        assert.equal(saved.length, count);
      }
      etcd.mirrors[0]!.put('e', '{"Addr":"e:1"}');
      await settled();
      await advance(1_000);
      assert.equal(saved.length, 4);
    });

    it('saves an age that grows only while etcd is unreachable', async () => {
      const ageOf = () => Date.now() - decodeSnapshot('svc', saved.at(-1)!)!.savedAt;
      await advance(61_000);
      assert.ok(ageOf() < 30_000, `${ageOf()} ms`);
      const mirror = etcd.mirrors[0]!;
      [mirror.fresh, mirror.forMs] = [false, 3_600_000];
      await advance(60_000);
      assert.ok(ageOf() >= 3_600_000, `${ageOf()} ms`);
    });

    it('saves a pending change when it closes', async () => {
      await directory.close();
      assert.equal(saved.length, 1);
    });

    it('waits in close() for the save of a service that is no longer followed', async () => {
      await directory.close();
      let finish = () => {};
      const finished = new Promise<void>((resolve) => (finish = resolve));
      const slow: SnapshotStore = { load: async () => undefined, save: () => finished };
      const other = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots: slow }, clock));
      const unfollow = other.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors.at(-1)!.snapshot('a:1');
      await settled();
      unfollow();
      await advance(5_000);
      let closed = false;
      const closing = other.close().then(() => {
        closed = true;
      });
      await settled();
      assert.equal(closed, false);
      finish();
      await closing;
    });

    it('saves a record with the maximum nesting depth of Go, and the records beside it', async () => {
      const depth = 9_999;
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      etcd.mirrors[0]!.put('deep', `{"Addr":"d:1","Metadata":${deep}}`);
      await settled();
      assert.equal(directory.get('svc')?.endpoints.length, 2);
      await advance(1_000);
      assert.equal(directory.status('svc').snapshotError, undefined);
      await directory.close();
      const read = decodeSnapshot('svc', saved.at(-1)!);
      assert.deepEqual(read?.view.endpoints.map(({ addr }) => addr).sort(), ['a:1', 'd:1']);
      assert.equal(etcd.mirrors[0]!.hasEnded, true);
    });

    it('reports a failed save in a live status until a save succeeds', async () => {
      failure = new Error('disk full');
      await advance(1_000);
      const { source, lastError, snapshotError } = directory.status('svc');
      assert.deepEqual([source, lastError], ['live', undefined]);
      assert.match(String(snapshotError), /disk full/);
      failure = undefined;
      await advance(60_000);
      assert.equal(directory.status('svc').snapshotError, undefined);
    });
  });
});
