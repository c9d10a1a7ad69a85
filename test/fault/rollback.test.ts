import assert from 'node:assert/strict';
import { RolledBackError } from '#src/errors/index.js';
import type { MirrorUpdate } from '#src/mirror/index.js';
import { eventually, fill, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft, recordWatch } from './support.js';

describe('a store that is wiped and restarted on the same port', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  it('ends a watch with a typed error and both revisions, after all buffered events', async () => {
    const client = connect(etcd().endpoints);
    const watcher = connect(etcd().endpoints).watch({ prefix: 'plain/' });
    await watcher.ready;
    const other = connect(etcd().endpoints).watch({ prefix: 'plain/' });
    await other.ready;
    const received = recordWatch(other);
    await fill(client, 'plain/', 50);
    const { revision } = await client.kv.put('plain/last', 'v');
    await eventually('all events have arrived', () => received.events.length === 51);
    await etcd().wipe();
    const error = await received.ended;
    assert.ok(error instanceof RolledBackError, String(error));
    assert.ok(error.seenRevision >= revision, `seen ${error.seenRevision}`);
    assert.ok(error.storeRevision < revision, `now ${error.storeRevision}`);
    assert.equal((await other.closed).reason, 'rolled-back');
    assert.equal((await watcher.closed).reason, 'rolled-back');
    const late = recordWatch(watcher);
    assert.ok((await late.ended) instanceof RolledBackError);
    assert.equal(late.events.length, 51, 'buffered events are delivered first');
  });

  it('also ends a quiet watch, and one with a future start', async () => {
    const client = connect(etcd().endpoints);
    const { revision } = await client.kv.put('quiet/k', 'v');
    await fill(client, 'noise/', 30);
    const watchers = [client.watch('quiet/k'), client.watch('quiet/k', { startRevision: revision + 1_000n })];
    await Promise.all(watchers.map(({ ready }) => ready));
    await etcd().wipe();
    for (const watcher of watchers) assert.ok((await recordWatch(watcher).ended) instanceof RolledBackError);
  });

  describe('for a mirror', () => {
    const keys = (update: MirrorUpdate) => {
      assert.ok(update.type === 'snapshot', update.type);
      return [...update.kvs.keys()].sort();
    };

    async function follow(endpoint: string, prefix: string) {
      const mirror = connect([endpoint]).mirror({ prefix });
      const updates = mirror[Symbol.asyncIterator]();
      const next = async () => (await updates.next()).value as MirrorUpdate;
      const first = await next();
      assert.ok(first.type === 'snapshot' && first.reason === 'initial');
      return { mirror, next, close: () => updates.return(undefined) };
    }

    it('gives a snapshot with that reason, and updates continue', async () => {
      const client = connect(etcd().endpoints);
      for (const name of ['a', 'b', 'c']) await client.kv.put(`mirror/${name}`, 'old');
      const { mirror, next, close } = await follow(etcd().endpoints[0]!, 'mirror/');
      const following = next();
      await etcd().wipe();
      const update = await following;
      assert.ok(update.type === 'snapshot');
      assert.equal(update.reason, 'rolled-back');
      assert.deepEqual(keys(update), []);
      const waiting = next();
      const { revision } = await client.kv.put('mirror/d', 'new');
      assert.equal((await waiting).type, 'delta');
      assert.ok((await mirror.waitForRevision(revision)) >= revision);
      await close();
    });

    for (const more of [0, 200]) {
      it(`gives a snapshot also between list and watch, with ${more} writes since`, async () => {
        const client = connect(etcd().endpoints);
        await etcd().wipe();
        await fill(client, 'between/', 20, 'old');
        const link = await proxy(etcd());
        const { next, close } = await follow(link.endpoint, 'between/');
        link.refuse();
        const following = next(); // opens the watch
        await etcd().wipe();
        await fill(client, 'noise/', more + 1);
        await client.kv.put('between/other', 'new');
        link.heal();
        const update = await following;
        assert.ok(update.type === 'snapshot', update.type);
        assert.equal(update.reason, 'rolled-back');
        assert.deepEqual(keys(update), ['between/other']);
        await close();
      });
    }

    for (const [circumstance, more] of [
      ['exceeds the old revision', 300],
      ['is exactly at the old revision', 0],
    ] as const) {
      it(`gives a snapshot also if the new store ${circumstance} before the reconnect`, async () => {
        const client = connect(etcd().endpoints);
        await etcd().wipe();
        await fill(client, 'overtaken/', 20, 'old');
        const link = await proxy(etcd());
        const { mirror, next, close } = await follow(link.endpoint, 'overtaken/');
        const seen = next(); // the first event shows that the watch is up
        const { revision } = await client.kv.put('overtaken/seen', 'old');
        await seen;
        link.refuse();
        const following = next();
        await etcd().wipe();
        await client.kv.put('overtaken/other', 'new');
        for (;;) {
          const put = await client.kv.put('overtaken/0', 'new');
          if (put.revision >= revision + BigInt(more)) break;
        }
        link.heal();
        const update = await following;
        assert.ok(update.type === 'snapshot', update.type);
        assert.equal(update.reason, 'rolled-back');
        assert.deepEqual(keys(update), ['overtaken/0', 'overtaken/other']);
        assert.deepEqual([...mirror.kvs.keys()].sort(), ['overtaken/0', 'overtaken/other']);
        await close();
      });
    }

    it('gives a snapshot also if the new store has the same keys with other values', async () => {
      const client = connect(etcd().endpoints);
      await client.kv.put('same/a', 'old');
      await client.kv.put('same/b', 'old');
      const link = await proxy(etcd());
      const { next, close } = await follow(link.endpoint, 'same/');
      const following = next();
      await client.kv.put('same/a', 'older');
      await following;
      const again = next();
      link.refuse();
      await etcd().wipe();
      await fill(client, 'noise/', 400);
      await client.kv.put('same/a', 'new');
      await client.kv.put('same/b', 'new');
      link.heal();
      const update = await again;
      assert.ok(update.type === 'snapshot', update.type);
      assert.equal(update.reason, 'rolled-back');
      assert.deepEqual(
        [...update.kvs.values()].map(({ value }) => String(value)),
        ['new', 'new'],
      );
      await close();
    });
  });
});
