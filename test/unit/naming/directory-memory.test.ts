import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { encodeSnapshot } from '#src/naming/directory/snapshots/snapshot.js';
import { type DirectoryOptions, type MemoryOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

describe('a directory that follows a service again', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => useDirectory({}));
  afterEach(() => etcd.close());

  function useDirectory(options: DirectoryOptions): void {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, directoryClock.set(options, clock));
  }

  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(left, 500));
      await settled();
    }
  };
  const apply = async (change: () => void) => {
    change();
    await settled();
  };
  const last = () => etcd.mirrors.at(-1)!;
  /** Follows the service, lets etcd answer, and unsubscribes until the mirror has ended. */
  const followOnce = async (says: (mirror: FakeMirror) => void, target = 'svc') => {
    const { unsubscribe } = await followIn(directory, target);
    await apply(() => says(last()));
    unsubscribe();
    await advance(5_000);
    assert.equal(last().hasEnded, true);
  };
  const listA = (mirror: FakeMirror) => mirror.snapshot('a:1');
  const doNotAnswer = () => {};

  describe('while etcd does not answer', () => {
    it('shows the remembered view after a second, with source memory', async () => {
      await followOnce(listA);
      await advance(60_000);
      const { received } = await followIn(directory);
      await advance(500);
      assert.deepEqual(received, []);
      assert.equal(directory.get('svc'), undefined);
      await advance(500);
      assert.deepEqual(received, ['[a:1]']);
      const { state, source, staleMs, endpoints } = directory.status('svc');
      // Counted from the end of its watch.
      assert.deepEqual([state, source, staleMs, endpoints], ['known', 'memory', 61_000, 1]);
      await apply(() => last().snapshot('b:1'));
      assert.deepEqual([received.at(-1), directory.status('svc').source], ['[b:1]', 'live']);
    });

    it('remembers the view through periods in which etcd did not answer', async () => {
      await followOnce(listA);
      await followOnce(doNotAnswer);
      await followOnce(doNotAnswer);
      const { received } = await followIn(directory);
      await advance(1_000);
      assert.deepEqual(received, ['[a:1]']);
      assert.equal(directory.status('svc').staleMs, 11_000);
    });

    it('protects remembered endpoints that etcd no longer has, by the threshold', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce(listA);
      const { received } = await followIn(directory);
      await advance(1_000);
      await apply(() => last().snapshot('b:1'));
      assert.equal(received.at(-1), '[a:1,b:1]');
    });

    it('prefers the remembered view to the one on disk, and uses that when none is remembered', async () => {
      const record = { key: 'svc/d', addr: 'd:1', createRevision: 1n, modRevision: 1n, lease: 0n };
      const none = new Set<string>();
      const view = { target: 'svc', endpoints: [record], revision: 1n, invalid: none, unconfirmed: none };
      for (const [memory, shown] of [
        [{}, '[a:1]'],
        [{ maxServices: 0 }, '[d:1]'],
      ] as const) {
        let saves = 0;
        const snapshots = {
          load: async () => encodeSnapshot(view, 1),
          save: async () => {
            saves++;
          },
        };
        useDirectory({ snapshots, memory });
        await followOnce(listA);
        const savesBefore = saves;
        await followOnce(doNotAnswer);
        const { received } = await followIn(directory);
        await advance(1_000);
        assert.deepEqual(received, [shown]);
        await directory.close();
        assert.equal(saves, savesBefore, 'the earlier view is not saved again');
      }
    });
  });

  describe('when etcd answers', () => {
    it('shows the listed endpoints, even if half of the remembered ones are gone', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce(listA);
      const { received } = await followIn(directory);
      await apply(() => last().snapshot('b:1'));
      await advance(60_000);
      assert.deepEqual(received, ['[b:1]']);
    });

    it('keeps the remembered endpoints of a service that is now empty for one protection time', async () => {
      await followOnce(listA);
      const { received } = await followIn(directory);
      await apply(() => last().snapshot());
      assert.deepEqual(received, ['[a:1]']);
      assert.deepEqual([...directory.get('svc')!.unconfirmed], ['svc/a:1']);
      await advance(9_500);
      assert.deepEqual(received, ['[a:1]']);
      await advance(500);
      assert.deepEqual(received, ['[a:1]', '[]']);
    });

    it('keeps the remembered endpoints that are missing in a store with a lower revision', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce((mirror) => {
        mirror.snapshot();
        listA(mirror);
      });
      const { received } = await followIn(directory);
      await apply(() => last().snapshot('b:1'));
      assert.deepEqual(received, ['[a:1,b:1]']);
    });

    it('protects a live loss within one protection time of the first list', async () => {
      await followOnce(listA);
      const { received } = await followIn(directory);
      last().forMs = 5;
      await apply(() => last().snapshot('a:1'));
      await apply(() => last().remove('a:1'));
      assert.equal(received.at(-1), '[a:1]');
      await advance(10_000);
      assert.equal(received.at(-1), '[]');
    });

    it('remembers no view of a service that was empty', async () => {
      await followOnce(listA);
      await followOnce((mirror) => {
        mirror.snapshot();
      });
      await followOnce(doNotAnswer); // the loss of a:1 was still unconfirmed
      useDirectory({});
      await followOnce((mirror) => mirror.snapshot());
      const { received } = await followIn(directory);
      await advance(5_000);
      assert.deepEqual(received, []);
    });
  });

  describe('limits', () => {
    const remembers = (target: string) => directory.status(target).source === 'memory';

    it('reports the remembered view of a service that is not followed in status(), not in get()', async () => {
      await followOnce(listA);
      const { state, source, endpoints } = directory.status('svc');
      assert.deepEqual([state, source, endpoints], ['known', 'memory', 1]);
      assert.equal(directory.get('svc'), undefined);
      await directory.close();
      assert.equal(directory.status('svc').state, 'unknown');
    });

    it('drops the service that lost its last subscriber first', async () => {
      useDirectory({ memory: { maxServices: 2 } });
      for (const target of ['one', 'two', 'one', 'three']) await followOnce(listA, target);
      assert.deepEqual(['one', 'two', 'three'].map(remembers), [true, false, true]);
    });

    it('drops a view above the maximum age, by default a day', async () => {
      for (const [memory, ageMs] of [
        [{ maxAgeMs: 60_000 }, 60_000],
        [{}, 86_400_000],
      ] as const) {
        useDirectory({ memory });
        await followOnce(listA);
        clock.advance(ageMs - 1);
        assert.equal(remembers('svc'), true);
        clock.advance(1);
        assert.equal(remembers('svc'), false);
        const { received } = await followIn(directory);
        await advance(1_000);
        assert.deepEqual(received, []);
      }
    });

    it('remembers a thousand services by default, and none when a limit is 0', async () => {
      for (let i = 0; i < 1_001; i++) {
        const { unsubscribe } = await followIn(directory, `svc/${i}`);
        listA(last());
        await settled();
        unsubscribe();
      }
      await advance(5_000);
      assert.deepEqual([remembers('svc/0'), remembers('svc/1'), remembers('svc/1000')], [false, true, true]);
      for (const memory of [{ maxServices: 0 }, { maxAgeMs: 0 }]) {
        useDirectory({ memory });
        await followOnce(listA);
        assert.equal(remembers('svc'), false);
      }
    });

    it('rejects invalid options', () => {
      for (const memory of [{ maxServices: -1 }, { maxAgeMs: Number.NaN }] as MemoryOptions[])
        assert.throws(
          () => new ServiceDirectory(etcd.client, directoryClock.set({ memory }, clock)),
          InvalidInputError,
        );
    });
  });
});
