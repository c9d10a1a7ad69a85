import assert from 'node:assert/strict';
import type { DepartureReason, MirrorUpdate } from '#src/index.js';
import { settled } from '../../../watch/fake-watch.js';
import { deniedError, silentError } from './errors.js';
import { deletesOf, endpointKv, kvOf, listOf, putsOf } from './kvs.js';
import { CatalogScene } from './scene.js';

const [x, y] = [endpointKv('a/x', 'h:1', { lease: 7n }), endpointKv('a/y', 'h:2', { lease: 8n })];

describe('a live catalog', () => {
  let scene: CatalogScene;

  beforeEach(() => {
    scene = new CatalogScene();
  });

  afterEach(async () => {
    await scene.close();
    assert.equal(scene.clock.timers, 0);
  });

  const listed = async (...kvs: Parameters<typeof listOf>[1]) => {
    await scene.push(listOf(10n, kvs));
    scene.mirrors.current.setFresh(true);
    scene.received.length = 0;
  };

  it('has no snapshot before the first list, and then one that later changes do not affect', async () => {
    assert.equal(scene.catalog.snapshot(), undefined);
    await scene.push(listOf(10n, [x, kvOf('jobs/1f', '', { lease: 31n })]));
    assert.deepEqual(scene.received, ['replaced']);
    const snapshot = scene.catalog.snapshot();
    await scene.push(deletesOf(11n, 'a/x', 'jobs/1f'));
    assert.deepEqual([snapshot?.revision, snapshot?.size], ['10', 1]);
    assert.deepEqual([[...(snapshot?.rows ?? [])].length, [...(snapshot?.queues ?? [])].length], [1, 1]);
    assert.equal(scene.catalog.snapshot()?.size, 0);
  });

  it('passes each revision on with its entries', async () => {
    await listed(x);
    await scene.push(
      putsOf(11n, endpointKv('a/z', 'h:3', { mod: 11n })),
      putsOf(12n, kvOf('jobs/1f', '', { lease: 31n, mod: 12n })),
      deletesOf(13n, 'jobs/1f'),
    );
    const [put, queue, removed] = scene.deltas;
    assert.deepEqual([put?.revision, put?.puts.map(({ key }) => key)], ['11', ['a/z']]);
    assert.equal(put?.entries[0]?.service, 'a');
    assert.deepEqual([queue?.queues[0]?.name, removed?.removedQueues], ['jobs', ['jobs']]);
    assert.deepEqual(scene.story, ['1 registered a/z']);
    assert.equal(scene.catalog.snapshot()?.revision, '13');
  });

  it('passes nothing on when keys of other programs change', async () => {
    await listed(x);
    await scene.push(putsOf(11n, kvOf('plain', 'v', { mod: 11n }), kvOf('b/c', 'v', { mod: 11n })));
    assert.deepEqual(scene.received, []);
  });

  it('has the number of records with too long keys in its status, and reports when it changes', async () => {
    const long = endpointKv(`a/${'x'.repeat(5_000)}`, 'h:3', { mod: 11n });
    await listed(x);
    assert.equal(scene.catalog.status().omitted, undefined);
    await scene.push(putsOf(11n, long));
    assert.equal(scene.catalog.status().omitted, 1);
    assert.equal(scene.received.length, 1);
    await scene.push(putsOf(12n, kvOf('plain', 'v', { mod: 12n })));
    assert.equal(scene.received.length, 1);
  });

  it('passes nothing on to a listener that ended', async () => {
    await listed(x);
    scene.unlisten();
    await scene.push(deletesOf(11n, 'a/x'));
    assert.deepEqual(scene.received, []);
  });

  describe('when a record leaves', () => {
    it('has an entry at once, and again with the reason when that is known', async () => {
      let found: (reasons: readonly DepartureReason[]) => void = () => {};
      scene.reasons = () => new Promise((resolve) => (found = resolve));
      await listed(x, y);
      await scene.push(deletesOf(11n, 'a/x'), putsOf(12n, endpointKv('a/z', 'h:3', { mod: 12n })));
      assert.deepEqual(scene.story, ['1 left a/x undefined', '2 registered a/z']);
      found(['lease-ended']);
      await settled();
      assert.deepEqual(scene.story.at(-1), '1 left a/x lease-ended');
      assert.deepEqual(scene.deltas.at(-1)?.removed, []);
      const timeline = scene.catalog.timeline({ service: 'a' }).entries;
      assert.deepEqual(
        timeline.map(({ n }) => n),
        [2, 1],
      );
      assert.deepEqual(timeline[1], scene.entries.at(-1));
    });

    it('needs no look-up if it was draining or permanent', async () => {
      const draining = endpointKv('a/y', 'h:2', { lease: 8n, metadata: { status: 'draining' } });
      await listed(endpointKv('a/x', 'h:1'), draining);
      await scene.push(deletesOf(11n, 'a/x'), deletesOf(12n, 'a/y'));
      assert.deepEqual(scene.story, ['1 left a/x deleted', '2 left a/y drained']);
      assert.equal(scene.lookups, 0);
    });

    it('has an unknown reason if the look-up fails', async () => {
      scene.reasons = () => Promise.reject(silentError());
      await listed(x);
      await scene.push(deletesOf(11n, 'a/x'));
      assert.equal(scene.story.at(-1), '1 left a/x unknown');
    });

    it('asks once for all that left together', async () => {
      await listed(x, y);
      await scene.push(deletesOf(11n, 'a/x', 'a/y'));
      assert.equal(scene.lookups, 1);
      assert.deepEqual(
        scene.deltas.map(({ entries }) => entries.length),
        [2, 2],
      );
    });
  });

  describe('when the mirror lists again', () => {
    it('has entries for the difference before everything is replaced', async () => {
      await listed(x, y);
      await scene.push(listOf(20n, [x, endpointKv('a/z', 'h:3', { mod: 15n })], 'compacted'));
      assert.deepEqual(scene.story.slice(0, 3), [
        '1 resync compacted',
        '2 left a/y undefined',
        '3 registered a/z',
      ]);
      assert.equal(scene.story.at(-1), '2 left a/y lease-ended');
      assert.deepEqual(scene.deltas[0]?.puts, []);
      assert.equal(scene.received[1], 'replaced');
    });

    it('does not look up leases if the store was replaced', async () => {
      await listed(x, endpointKv('a/d', 'h:2', { lease: 8n, metadata: { status: 'draining' } }));
      await scene.push(listOf(2n, [endpointKv('a/x', 'h:1', { lease: 9n, mod: 2n })], 'rolled-back'));
      assert.deepEqual(scene.story, [
        '1 resync rolled-back',
        '2 left a/d drained',
        '3 registered a/x', // its server registered again: it did not leave
      ]);
      assert.equal(scene.lookups, 0);
    });

    it('ends the look-ups of before if the store was replaced', async () => {
      scene.reasons = (_count, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(['unknown'])));
      await listed(x, y);
      await scene.push(deletesOf(11n, 'a/x'));
      await scene.push(listOf(2n, [], 'rolled-back'));
      assert.ok(scene.story.includes('1 left a/x unknown'));
      assert.ok(scene.story.includes('3 left a/y store-replaced'));
    });
  });

  describe('when the mirror ends', () => {
    const restart = async (...updates: MirrorUpdate[]) => {
      scene.mirrors.current.setFresh(false);
      scene.mirrors.current.fail(deniedError());
      await settled();
      await scene.pass(10_000);
      await scene.push(...updates);
      scene.mirrors.current.setFresh(true);
    };

    /** Without the entries of the refusal, and without numbers. */
    const storyOfRecords = () =>
      scene.story.map((entry) => entry.replace(/^\d+ /, '')).filter((entry) => !entry.startsWith('etcd-'));

    it('is refused, and starts another one', async () => {
      await listed(x);
      scene.mirrors.current.fail(deniedError());
      await settled();
      assert.equal(scene.catalog.status().etcd, 'refused');
      assert.equal(scene.catalog.snapshot()?.size, 1);
      await scene.pass(10_000);
      assert.equal(scene.mirrors.all.length, 2);
      await scene.push(listOf(20n, [x]));
      scene.mirrors.current.setFresh(true);
      for (const { answer } of scene.reads) answer();
      await settled();
      assert.equal(scene.catalog.status().etcd, 'live');
    });

    it('has the difference to the list of the next one', async () => {
      await listed(x, y);
      await restart(listOf(20n, [x]));
      assert.deepEqual(storyOfRecords(), ['resync gap', 'left a/y undefined', 'left a/y lease-ended']);
    });

    it('does not know whether a lease ended if nothing shows that the store is the same', async () => {
      await listed(x, y);
      await restart(listOf(20n, [endpointKv('a/x', 'h:1', { mod: 12n })]));
      assert.deepEqual(storyOfRecords().slice(-2), ['left a/y unknown', 'left a/x unknown']);
    });

    it('knows that the store was replaced if its revision is lower', async () => {
      await listed(x);
      await restart(listOf(5n, []));
      assert.deepEqual(storyOfRecords(), ['resync rolled-back', 'left a/x store-replaced']);
    });
  });

  describe('with its reads', () => {
    it('reads every 2 s while a page is open, and every 10 s otherwise', async () => {
      await listed(x);
      const readsIn = async (ms: number) => {
        const before = scene.reads.length;
        for (let passed = 0; passed < ms; passed += 100) {
          scene.reads.at(-1)?.answer();
          await scene.pass(100);
        }
        return scene.reads.length - before;
      };
      assert.equal(await readsIn(10_000), 5);
      scene.unlisten();
      await readsIn(2_000);
      assert.equal(await readsIn(10_000), 1);
    });

    it('is away while the watch lacks what they found, and live when that has arrived', async () => {
      await listed(x);
      scene.reads.at(-1)?.answer(10n);
      await settled();
      assert.equal(scene.catalog.status().etcd, 'live');
      await scene.pass(2_000);
      scene.reads.at(-1)?.answer(12n);
      await settled();
      await scene.pass(2_999);
      assert.equal(scene.catalog.status().etcd, 'live');
      await scene.pass(1);
      assert.equal(scene.catalog.status().etcd, 'away');
      await scene.pass(500);
      scene.reads.at(-1)?.answer(12n);
      await settled();
      assert.equal(
        scene.mirrors.current.waits.length,
        1,
        'one wait without a limit, so that the mirror finds out',
      );
      await scene.push(deletesOf(12n, 'a/x'));
      assert.equal(scene.catalog.status().etcd, 'live');
    });

    it('is away when one is not answered, and confirmed by the next that is', async () => {
      await listed(x);
      scene.reads.at(-1)?.answer();
      await settled();
      await scene.pass(2_000);
      scene.reads.at(-1)?.fail(silentError());
      await settled();
      assert.equal(scene.catalog.status().etcd, 'away');
      await scene.pass(500);
      scene.reads.at(-1)?.answer();
      await scene.pass(5);
      assert.equal(scene.catalog.status().etcd, 'live');
      assert.equal(scene.catalog.status().confirmedMsAgo, 5);
    });

    it('reads at once when the watch becomes live', async () => {
      await listed(x);
      scene.reads.at(-1)?.answer();
      await settled();
      const before = scene.reads.length;
      scene.mirrors.current.setFresh(false);
      scene.mirrors.current.setFresh(true);
      assert.equal(scene.reads.length, before + 1);
    });
  });
});
