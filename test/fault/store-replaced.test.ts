import assert from 'node:assert/strict';
import { StoreReplacedError } from '#src/errors/index.js';
import { op, type RangeBatch } from '#src/kv/index.js';
import type { MirrorUpdate } from '#src/mirror/index.js';
import type { KeyValue } from '#src/model/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft, recordWatch } from './support.js';

const keyCount = 6_000;
const isReplaced = (error: unknown) => error instanceof StoreReplacedError;

/** Reads to the end; returns what was read, and the error if there was one. */
async function readToEnd(stream: AsyncIterable<RangeBatch>) {
  const kvs: KeyValue[] = [];
  try {
    for await (const batch of stream) kvs.push(...batch.kvs);
    return { kvs, error: undefined };
  } catch (error) {
    return { kvs, error };
  }
}

describe('a store that is replaced', function () {
  // Every start uses this array, so an added flag applies from the next start.
  const args: string[] = [];
  const etcd = useEtcd({ args });
  const second = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd(), second()]);
  this.timeout(120_000);
  let token = 0;

  before(function () {
    skipIfExternal(this);
  });

  /** Writes keys with the same names, sizes and revisions in every store, but with other values. */
  async function fill(endpoints: readonly string[], value: string, extra = 0): Promise<void> {
    const client = connect(endpoints);
    for (let i = 0; i < keyCount; i += 100) {
      const numbers = Array.from({ length: 100 }, (_, n) => String(i + n).padStart(6, '0'));
      await client.kv.txn({ success: numbers.map((n) => op.put(`k${n}`, value.repeat(300))) });
    }
    for (let i = 0; i < extra; i++) await client.kv.put('more', value);
  }

  async function replaceStore(how: 'same flags' | 'new token', value: string, extra = 0): Promise<void> {
    if (how === 'new token') args.push('--initial-cluster-token', `token-${token++}`);
    await etcd().wipe();
    await fill(etcd().endpoints, value, extra);
  }

  for (const how of ['same flags', 'new token'] as const) {
    describe(`by a wipe and more writes than before, with ${how === 'same flags' ? 'the same flags' : 'a new cluster token'}`, () => {
      beforeEach(async () => {
        await etcd().wipe();
        await fill(etcd().endpoints, 'old');
      });

      for (const taken of [1, 2]) {
        it(`ends a stream after ${taken} of its batches, without data of the new store`, async () => {
          const client = connect(etcd().endpoints);
          const stream = client.kv.stream({ prefix: 'k' });
          for (let i = 0; i < taken; i++) assert.equal((await stream.next()).done, false);
          await replaceStore(how, 'new', 10);
          const { kvs, error } = await readToEnd(stream);
          assert.ok(isReplaced(error), String(error));
          assert.deepEqual(
            [...new Set(kvs.map(({ value }) => String(value).slice(0, 3)))],
            kvs.length ? ['old'] : [],
          );
          // The client now uses the new store.
          const again = await readToEnd(client.kv.stream({ prefix: 'k' }));
          assert.deepEqual([again.error, again.kvs.length], [undefined, keyCount]);
        });
      }

      it('gives a mirror a new snapshot', async () => {
        const mirror = connect(etcd().endpoints).mirror({ prefix: 'k' });
        const updates = mirror[Symbol.asyncIterator]();
        await updates.next();
        const next = updates.next();
        await replaceStore(how, 'new', 10);
        const update = (await next).value as MirrorUpdate;
        assert.equal(update.type === 'snapshot' && update.reason, 'rolled-back');
        await eventually(
          'the mirror shows the new store',
          async () => {
            const shown = mirror.kvs.get('k005999');
            if (String(shown?.value).startsWith('new')) return true;
            await updates.next();
            return false;
          },
          30_000,
        );
        await updates.return(undefined);
      });
    });
  }

  describe('with another cluster id', () => {
    beforeEach(async () => {
      await etcd().wipe();
    });

    it('fails the first read, with both ids, and no later one', async () => {
      const client = connect(etcd().endpoints);
      const [endpoint] = etcd().endpoints;
      await client.kv.put('a', 'old');
      await replaceStore('new token', 'new');
      await assert.rejects(client.kv.get('a'), (error) => {
        assert.ok(error instanceof StoreReplacedError, String(error));
        const [old, now] = error.stores;
        assert.deepEqual([old?.member, now?.member], [endpoint, endpoint]);
        assert.match(`${old?.clusterId} ${now?.clusterId}`, /^[0-9a-f]+ [0-9a-f]+$/);
        assert.notEqual(old?.clusterId, now?.clusterId);
        assert.equal(error.verdict, 'not-applied');
        return true;
      });
      assert.equal((await client.kv.get('a')).kv, undefined);
    });

    it('does not fail a write, because it was applied', async () => {
      const client = connect(etcd().endpoints);
      await client.kv.put('a', 'old');
      await replaceStore('new token', 'new');
      await client.kv.put('a', 'new');
      assert.equal(String((await client.kv.get('a')).kv?.value), 'new');
    });

    it('ends watches after their buffered events, although the new revision is higher', async () => {
      const client = connect(etcd().endpoints);
      const watcher = client.watch({ prefix: 'a' });
      await watcher.ready;
      for (let i = 0; i < 5; i++) await client.kv.put('a', 'old');
      await eventually('the events have arrived', () => watcher.nextRevision !== undefined);
      await replaceStore('new token', 'new', 50);
      assert.equal((await watcher.closed).reason, 'rolled-back');
      const { events, ended } = recordWatch(watcher);
      assert.ok(isReplaced(await ended), String(await ended));
      assert.ok(events.every(({ kv }) => String(kv.value) === 'old'));
      const next = client.watch({ prefix: 'a' });
      await next.ready;
      const received = recordWatch(next);
      await client.kv.put('a', 'now');
      await eventually('a new watch receives events', () => received.events.length === 1);
      await next.close();
    });
  });

  describe('by endpoints of two clusters', () => {
    beforeEach(async () => {
      await etcd().wipe();
      await second().wipe();
      await fill(etcd().endpoints, 'one');
      await fill(second().endpoints, 'two', 10);
    });

    /** A client of the first of two clusters, and a function that switches it to the second. */
    async function connectToBoth() {
      const links = [await proxy(etcd()), await proxy(second())] as const;
      links[1].refuse();
      const endpoints = links.map(({ endpoint }) => endpoint);
      const client = connect(endpoints, { connectTimeoutMs: 1_000 });
      await client.kv.get('k');
      return {
        client,
        endpoints,
        switchOver: () => {
          links[1].heal();
          links[0].refuse();
        },
      };
    }

    it('ends a stream with an error that names both clusters', async () => {
      const { client, endpoints, switchOver } = await connectToBoth();
      const stream = client.kv.stream({ prefix: 'k' });
      await stream.next();
      switchOver();
      const { kvs, error } = await readToEnd(stream);
      assert.ok(kvs.every(({ value }) => String(value).startsWith('one')));
      assert.ok(error instanceof StoreReplacedError, String(error));
      assert.match(error.message, /the endpoints name two clusters/);
      for (const [i, { member, clusterId }] of error.stores.entries()) {
        assert.equal(member, endpoints[i]);
        assert.ok(error.message.includes(`${member} `) && error.message.includes(clusterId), error.message);
      }
      assert.equal(error.stores.length, 2);
      assert.equal(
        (await readToEnd(client.kv.stream({ prefix: 'k' }))).kvs.length,
        keyCount,
        'the client uses the second cluster',
      );
    });

    it('ends a watch, and gives a mirror a new snapshot', async () => {
      const { client, switchOver } = await connectToBoth();
      const watcher = client.watch({ prefix: 'k' });
      await watcher.ready;
      const updates = client.mirror({ prefix: 'k' })[Symbol.asyncIterator]();
      await updates.next();
      const next = updates.next();
      switchOver();
      assert.ok(isReplaced(await recordWatch(watcher).ended));
      const update = (await next).value as MirrorUpdate;
      assert.ok(update.type === 'snapshot' && update.reason === 'rolled-back');
      assert.ok([...update.kvs.values()].every(({ value }) => String(value).startsWith('two')));
      await updates.return(undefined);
    });

    it('fails a list of endpoints', async () => {
      const folder = 'svc';
      for (const [handle, addr] of [
        [etcd(), 'one:1'],
        [second(), 'two:1'],
      ] as const) {
        const manager = new EndpointManager(connect(handle.endpoints), folder);
        await manager.addEndpoint(`${folder}/1`, { addr });
      }
      const { client, switchOver } = await connectToBoth();
      const manager = new EndpointManager(client, folder);
      assert.equal((await manager.list()).size, 1);
      switchOver();
      await assert.rejects(manager.list(), isReplaced);
      assert.equal((await manager.list()).get(`${folder}/1`)?.addr, 'two:1');
    });
  });
});
