import assert from 'node:assert/strict';
import { CompactedError } from '#src/errors/index.js';
import { losesDeletes } from '#src/watch/server-version.js';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { skip, skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft, recordWatch } from './support.js';

describe('a delete at the compacted revision where a watch continues', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  /** Deletes a key, compacts to the revision of the delete, and returns that revision. */
  async function deletedAndCompacted(key: string): Promise<bigint> {
    const client = connect(etcd().endpoints);
    const { revision } = await client.kv.delete(key);
    await fill(client, folderOf(etcd()), 3);
    await client.kv.compact(revision, { physical: true });
    return revision;
  }

  /** A watch behind a fault proxy, whose next revision is the delete when the proxy begins to refuse. */
  async function disconnectedWatch(folder: string, options: { readonly startRevision?: bigint }) {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const { revision } = await client.kv.put(`${folder}k`, 'v');
    const watcher = connect([link.endpoint]).watch({ prefix: folder }, options);
    await watcher.ready;
    const received = recordWatch(watcher);
    link.refuse();
    const deleted = await deletedAndCompacted(`${folder}k`);
    assert.equal(deleted, revision + 1n);
    return { link, received, deleted, client };
  }

  describe('on a release that does not send it', () => {
    before(function () {
      if (!losesDeletes(etcd().version)) skip(this, `etcd ${etcd().version} sends the delete`);
    });

    it('ends a watch that starts there', async () => {
      const client = connect(etcd().endpoints);
      const folder = folderOf(etcd());
      await client.kv.put(`${folder}k`, 'v');
      const deleted = await deletedAndCompacted(`${folder}k`);
      const received = recordWatch(client.watch({ prefix: folder }, { startRevision: deleted }));
      const error = await received.ended;
      assert.ok(error instanceof CompactedError, String(error));
      assert.equal(error.compactRevision, deleted);
      assert.match(error.message, /etcd#18089/);
    });

    it('ends a watch that resumes there', async () => {
      const client = connect(etcd().endpoints);
      const { revision } = await client.kv.get('none');
      const folder = folderOf(etcd());
      // From a checkpoint, so that nothing before it may be skipped silently.
      const { link, received } = await disconnectedWatch(folder, { startRevision: revision + 1n });
      link.heal();
      const error = await received.ended;
      assert.ok(error instanceof CompactedError, String(error));
    });

    it('causes few reads when a thousand watches resume together', async () => {
      const client = connect(etcd().endpoints);
      const folder = folderOf(etcd());
      const link = await proxy(etcd());
      const far = connect([link.endpoint]);
      const { revision } = await client.kv.put(`${folder}k`, 'v');
      const watchers = Array.from({ length: 1_000 }, (_, i) =>
        far.watch({ prefix: `${folder}${i}/` }, { startRevision: revision }),
      );
      await Promise.all(watchers.map(({ ready }) => ready));
      const records = watchers.map(recordWatch);
      const reads = () => etcd().metric('etcd_debugging_mvcc_range_total');
      const before = await reads();
      link.cut();
      await client.kv.put(`${folder}k`, 'w');
      for (let i = 0; i < 1_000; i++) await client.kv.put(`${folder}${i}/k`, 'v');
      await eventually(
        'all watches receive events again',
        () => records.every(({ events }) => events.length === 1),
        30_000,
      );
      assert.ok((await reads()) - before < 100, `${(await reads()) - before} reads`);
    });
  });

  it('does not affect a watch that continues after it', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    await client.kv.put(`${folder}k`, 'v');
    const deleted = await deletedAndCompacted(`${folder}k`);
    const received = recordWatch(client.watch({ prefix: folder }, { startRevision: deleted + 1n }));
    const begun = performance.now();
    await eventually('any check would have finished', () => performance.now() - begun > 1_500);
    await client.kv.put(`${folder}k`, 'w');
    await eventually('the event arrives', () => received.events.length === 1);
  });

  it('is applied to every mirror', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    const link = await proxy(etcd());
    const { revision } = await client.kv.put(`${folder}k`, 'v');
    const abort = new AbortController();
    const mirror = connect([link.endpoint]).mirror({ prefix: folder }, { signal: abort.signal });
    const reading = (async () => {
      for await (const _ of mirror);
    })();
    reading.catch(() => {});
    await eventually('the mirror is live', () => mirror.status().fresh && mirror.kvs.size === 1);
    link.refuse();
    assert.equal(await deletedAndCompacted(`${folder}k`), revision + 1n);
    link.heal();
    await eventually('the key is gone', () => mirror.kvs.size === 0, 20_000);
    abort.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
  });
});
