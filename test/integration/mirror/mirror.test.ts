import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import type { MirrorUpdate } from '#src/mirror/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { fillKeys, folderOf, useClients } from '../client/support.js';

describe('a mirror', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let folder: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  async function next(updates: AsyncIterator<MirrorUpdate>): Promise<MirrorUpdate> {
    const { value } = await updates.next();
    assert.ok(value, 'the mirror ended');
    return value as MirrorUpdate;
  }
  const names = (keys: Iterable<string>) => [...keys].map((key) => key.slice(folder.length)).sort();

  it('starts with a snapshot of the whole range, which may be empty', async () => {
    const updates = client.mirror({ prefix: folder })[Symbol.asyncIterator]();
    const update = await next(updates);
    assert.ok(update.type === 'snapshot');
    assert.deepEqual([update.reason, update.kvs.size], ['initial', 0]);
    assert.ok(update.revision > 0n);
    await updates.return(undefined);
  });

  it('mirrors one key, of the client and of a namespace', async () => {
    await client.kv.put(`${folder}a`, '1');
    await client.kv.put(`${folder}ab`, '1');
    const mirrors = [client.mirror(`${folder}a`), client.namespace(folder).mirror(Buffer.from('a'))];
    for (const mirror of mirrors) {
      for await (const update of mirror) {
        assert.ok(update.type === 'snapshot');
        break;
      }
    }
    assert.deepEqual(
      mirrors.map(({ kvs }) => [...kvs.keys()]),
      [[`${folder}a`], ['a']],
    );
  });

  it('lists in pages at one revision', async () => {
    await fillKeys(client, folder, 250);
    const updates = client.mirror({ prefix: folder }, { pageSize: 100 })[Symbol.asyncIterator]();
    const update = await next(updates);
    assert.ok(update.type === 'snapshot');
    assert.deepEqual(names(update.kvs.keys()), Array.from({ length: 250 }, (_, i) => String(i)).sort());
    await updates.return(undefined);
  });

  it('continues with the changes of each revision', async () => {
    await client.kv.put(`${folder}a`, '1');
    await client.kv.put(`${folder}b`, '1');
    const mirror = client.mirror({ prefix: folder });
    const updates = mirror[Symbol.asyncIterator]();
    await next(updates);
    const { revision } = await client.kv.txn({
      success: [op.put(`${folder}a`, '2'), op.delete(`${folder}b`), op.put(`${folder}c`, '1')],
    });
    const update = await next(updates);
    assert.ok(update.type === 'delta');
    assert.equal(update.revision, revision);
    assert.deepEqual(names(update.puts.keys()), ['a', 'c']);
    assert.deepEqual(names(update.deletes), ['b']);
    assert.deepEqual(names(mirror.kvs.keys()), ['a', 'c']);
    assert.equal(String(mirror.kvs.get(`${folder}a`)?.value), '2');
    await updates.return(undefined);
  });

  it('misses nothing that is written between its list and its watch', async () => {
    await client.kv.put(`${folder}counter`, '0');
    const writing = (async () => {
      for (let i = 1; i <= 200; i++) await client.kv.put(`${folder}counter`, String(i));
    })();
    let value = '';
    let deltas = 0;
    for await (const update of client.mirror({ prefix: folder })) {
      const kv = (update.type === 'snapshot' ? update.kvs : update.puts).get(`${folder}counter`);
      const now = String(kv?.value);
      if (update.type === 'delta') deltas++;
      assert.ok(Number(now) >= Number(value), 'the value never goes back');
      value = now;
      if (value === '200') break;
    }
    await writing;
    assert.ok(deltas > 0);
  });

  it('rejects with the reason of its signal', async () => {
    const abort = new AbortController();
    const updates = client.mirror({ prefix: folder }, { signal: abort.signal })[Symbol.asyncIterator]();
    await next(updates);
    const waiting = updates.next();
    const reason = { any: 'thing' };
    abort.abort(reason);
    await assert.rejects(waiting, (thrown) => thrown === reason);
  });

  it('starts again in a later loop, in which waits and verifications work', async () => {
    const mirror = client.mirror({ prefix: folder });
    for (const key of ['a', 'b']) {
      const updates = mirror[Symbol.asyncIterator]();
      const first = await next(updates);
      assert.ok(first.type === 'snapshot');
      assert.deepEqual([first.reason, names(first.kvs.keys())], ['initial', key === 'a' ? [] : ['a']]);
      const waiting = updates.next();
      const { revision } = await client.kv.put(`${folder}${key}`, '1');
      assert.ok((await mirror.waitForRevision(revision)) >= revision);
      assert.equal(await mirror.verify(), true);
      assert.equal((await waiting).value?.type, 'delta'); // its reader is left while it has an item
      await updates.return(undefined);
      await assert.rejects(mirror.waitForRevision(revision + 1n), { name: 'ClosedError' });
    }
  });

  it('refuses a second loop at the same time, and the first one continues', async () => {
    const mirror = client.mirror({ prefix: folder });
    const updates = mirror[Symbol.asyncIterator]();
    await next(updates);
    const waiting = next(updates);
    await assert.rejects(mirror[Symbol.asyncIterator]().next(), {
      name: 'TypeError',
      message: 'a mirror can be iterated by one loop at a time; call mirror() again',
    });
    const { revision } = await client.kv.put(`${folder}a`, '1');
    assert.equal((await waiting).revision, revision);
    assert.equal(mirror.status().fresh, true);
    await updates.return(undefined);
  });

  it('waits for an etcd that is not running yet', async () => {
    const link = await proxy(etcd());
    link.refuse();
    const proxied = connect([link.endpoint], { timeoutMs: 300 });
    const updates = proxied.mirror({ prefix: folder })[Symbol.asyncIterator]();
    const first = next(updates);
    await assert.rejects(proxied.kv.get('k'));
    link.heal();
    assert.equal((await first).type, 'snapshot');
    await updates.return(undefined);
  });

  describe('that is disconnected', () => {
    before(function () {
      skipUnlessBreakable(this, etcd());
    });

    it('while history is compacted yields a new snapshot with the reason', async () => {
      await client.kv.put(`${folder}stays`, '1');
      await client.kv.put(`${folder}goes`, '1');
      const link = await proxy(etcd());
      const mirror = connect([link.endpoint]).mirror({ prefix: folder });
      const updates = mirror[Symbol.asyncIterator]();
      await next(updates);
      const waiting = next(updates); // opens the watch
      await client.kv.put(`${folder}seen`, '1');
      await waiting;
      link.refuse();
      const after = next(updates);
      await client.kv.delete(`${folder}goes`);
      await client.kv.put(`${folder}new`, '1');
      await client.kv.put(`${folder}new`, '2');
      await etcd().compact();
      link.heal();
      const update = await after;
      assert.ok(update.type === 'snapshot', update.type);
      assert.equal(update.reason, 'compacted');
      assert.deepEqual(names(update.kvs.keys()), ['new', 'seen', 'stays']);
      assert.deepEqual(names(mirror.kvs.keys()), ['new', 'seen', 'stays']);
      await client.kv.put(`${folder}later`, '1');
      const delta = await next(updates);
      assert.ok(delta.type === 'delta');
      assert.deepEqual(names(delta.puts.keys()), ['later']);
      await updates.return(undefined);
    });

    it('without a compaction yields what it missed, and no snapshot', async () => {
      const link = await proxy(etcd());
      const updates = connect([link.endpoint]).mirror({ prefix: folder })[Symbol.asyncIterator]();
      await next(updates);
      const waiting = next(updates);
      await client.kv.put(`${folder}seen`, '1');
      await waiting;
      link.cut();
      await client.kv.put(`${folder}missed`, '1');
      const update = await next(updates);
      assert.ok(update.type === 'delta');
      assert.deepEqual(names(update.puts.keys()), ['missed']);
      await updates.return(undefined);
    });
  });
});
