import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { encodeSnapshot } from '#src/naming/directory/snapshot.js';
import { type DirectoryOptions, type MemoryOptions, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

describe('a directory that is asked for a service again', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => useDirectory({}));
  afterEach(() => etcd.close());

  function useDirectory(options: DirectoryOptions): void {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, options, clock);
  }

  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(left, 500));
      await settled();
    }
  };
  const does = async (change: () => void) => {
    change();
    await settled();
  };
  const last = () => etcd.mirrors.at(-1)!;
  /** Follows it, with what etcd says of it, and no longer. */
  const followOnce = async (says: (mirror: FakeMirror) => void, target = 'svc') => {
    const { unsubscribe } = await followIn(directory, target);
    await does(() => says(last()));
    unsubscribe();
    await pass(5_000);
    assert.equal(last().over, true);
  };
  const saysA = (mirror: FakeMirror) => mirror.snapshot('a:1');
  const saysNothing = () => {};

  describe('while etcd does not answer', () => {
    it('shows after a second what was known when it was followed last, and says so', async () => {
      await followOnce(saysA);
      await pass(60_000);
      const { told } = await followIn(directory);
      await pass(500);
      assert.deepEqual(told, []);
      assert.equal(directory.get('svc'), undefined);
      await pass(500);
      assert.deepEqual(told, ['[a:1]']);
      const { state, source, staleMs, endpoints } = directory.status('svc');
      // From the moment at which its watch ended.
      assert.deepEqual([state, source, staleMs, endpoints], ['known', 'memory', 61_000, 1]);
      await does(() => last().snapshot('b:1'));
      assert.deepEqual([told.at(-1), directory.status('svc').source], ['[b:1]', 'live']);
    });

    it('shows it also after it was asked for in vain', async () => {
      await followOnce(saysA);
      await followOnce(saysNothing);
      await followOnce(saysNothing);
      const { told } = await followIn(directory);
      await pass(1_000);
      assert.deepEqual(told, ['[a:1]']);
      assert.equal(directory.status('svc').staleMs, 11_000);
    });

    it('counts what etcd then no longer has as lost, by the threshold', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce(saysA);
      const { told } = await followIn(directory);
      await pass(1_000);
      await does(() => last().snapshot('b:1'));
      assert.equal(told.at(-1), '[a:1,b:1]');
    });

    it('prefers what it has seen to what is on disk, and takes that where it has forgotten', async () => {
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
        await followOnce(saysA);
        const savesBefore = saves;
        await followOnce(saysNothing);
        const { told } = await followIn(directory);
        await pass(1_000);
        assert.deepEqual(told, [shown]);
        await directory.close();
        assert.equal(saves, savesBefore, 'what was known earlier is not saved again');
      }
    });
  });

  describe('of an etcd that answers', () => {
    it('shows what it says, also where half of it would count as lost', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce(saysA);
      const { told } = await followIn(directory);
      await does(() => last().snapshot('b:1'));
      await pass(60_000);
      assert.deepEqual(told, ['[b:1]']);
    });

    it('keeps the endpoints of a service that is empty now for one protection time', async () => {
      await followOnce(saysA);
      const { told } = await followIn(directory);
      await does(() => last().snapshot());
      assert.deepEqual(told, ['[a:1]']);
      assert.deepEqual([...directory.get('svc')!.unconfirmed], ['svc/a:1']);
      await pass(9_500);
      assert.deepEqual(told, ['[a:1]']);
      await pass(500);
      assert.deepEqual(told, ['[a:1]', '[]']);
    });

    it('keeps those that a store does not have that is behind the one they were in', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      await followOnce((mirror) => {
        mirror.snapshot();
        saysA(mirror);
      });
      const { told } = await followIn(directory);
      await does(() => last().snapshot('b:1'));
      assert.deepEqual(told, ['[a:1,b:1]']);
    });

    it('doubts for one protection time what goes as it is watched', async () => {
      await followOnce(saysA);
      const { told } = await followIn(directory);
      last().forMs = 5;
      await does(() => last().snapshot('a:1'));
      await does(() => last().remove('a:1'));
      assert.equal(told.at(-1), '[a:1]');
      await pass(10_000);
      assert.equal(told.at(-1), '[]');
    });

    it('has nothing to remember of a service that was empty', async () => {
      await followOnce(saysA);
      await followOnce((mirror) => {
        mirror.snapshot();
      });
      await followOnce(saysNothing); // the loss of a:1 was still in doubt
      useDirectory({});
      await followOnce((mirror) => mirror.snapshot());
      const { told } = await followIn(directory);
      await pass(5_000);
      assert.deepEqual(told, []);
    });
  });

  describe('within bounds', () => {
    const remembers = (target: string) => directory.status(target).source === 'memory';

    it('says what it remembers of a service that is not followed, and shows none of it', async () => {
      await followOnce(saysA);
      const { state, source, endpoints } = directory.status('svc');
      assert.deepEqual([state, source, endpoints], ['known', 'memory', 1]);
      assert.equal(directory.get('svc'), undefined);
      await directory.close();
      assert.equal(directory.status('svc').state, 'unknown');
    });

    it('forgets the service that was left longest ago', async () => {
      useDirectory({ memory: { maxServices: 2 } });
      for (const target of ['one', 'two', 'one', 'three']) await followOnce(saysA, target);
      assert.deepEqual(['one', 'two', 'three'].map(remembers), [true, false, true]);
    });

    it('forgets what is too old, by default after a day', async () => {
      for (const [memory, ageMs] of [
        [{ maxAgeMs: 60_000 }, 60_000],
        [{}, 86_400_000],
      ] as const) {
        useDirectory({ memory });
        await followOnce(saysA);
        clock.advance(ageMs - 1);
        assert.equal(remembers('svc'), true);
        clock.advance(1);
        assert.equal(remembers('svc'), false);
        const { told } = await followIn(directory);
        await pass(1_000);
        assert.deepEqual(told, []);
      }
    });

    it('remembers a thousand services by default, and none where either bound is 0', async () => {
      for (let i = 0; i < 1_001; i++) {
        const { unsubscribe } = await followIn(directory, `svc/${i}`);
        saysA(last());
        await settled();
        unsubscribe();
      }
      await pass(5_000);
      assert.deepEqual([remembers('svc/0'), remembers('svc/1'), remembers('svc/1000')], [false, true, true]);
      for (const memory of [{ maxServices: 0 }, { maxAgeMs: 0 }]) {
        useDirectory({ memory });
        await followOnce(saysA);
        assert.equal(remembers('svc'), false);
      }
    });

    it('refuses what cannot work', () => {
      for (const memory of [{ maxServices: -1 }, { maxAgeMs: Number.NaN }] as MemoryOptions[])
        assert.throws(() => new ServiceDirectory(etcd.client, { memory }, clock), InvalidInputError);
    });
  });
});
