import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import type { MirrorUpdate } from '#src/mirror/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { fill, fillKeys, folderOf, useClients } from '../client/support.js';

describe('the diagnostics of a mirror', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const published = usePublished(diagnosticsChannels.mirror);
  let client: EtcdClient;
  let folder: string;

  beforeEach(function () {
    skipUnlessBreakable(this, etcd());
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  const none = { compacted: 0, 'rolled-back': 0, gap: 0 };
  const iterate = (updates: AsyncGenerator<MirrorUpdate, undefined>) => ({
    next: async () => (await updates.next()).value as MirrorUpdate,
    end: () => updates.return(undefined),
  });

  it('show its first list, with the number and size of its keys', async () => {
    await fillKeys(client, folder, 40);
    const events = () => published(client);
    const { next, end } = iterate(client.mirror({ prefix: folder })[Symbol.asyncIterator]());
    const before = performance.now();
    const { revision } = await next();
    const { kvs } = await client.kv.range({ prefix: folder });
    const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    const [first, ...others] = events();
    assert.ok(first);
    const { durationMs, ...event } = first;
    assert.ok(durationMs > 0 && durationMs < performance.now() - before, `${durationMs} ms`);
    assert.deepEqual(event, {
      client: client.name,
      type: 'resync',
      key: folder,
      rangeEnd: `${folder.slice(0, -1)}0`,
      cause: 'initial',
      keys: 40,
      bytes,
      revision,
    });
    assert.deepEqual(others, []);
    assert.deepEqual(client.metrics().mirrors, { active: 1, resyncs: none });
    await end();
    assert.deepEqual(client.metrics().mirrors, { active: 0, resyncs: none });
  });

  it('show the list after a wipe of the store', async () => {
    await fill(client, folder, 30);
    const events = () => published(client);
    const { next, end } = iterate(client.mirror({ prefix: folder })[Symbol.asyncIterator]());
    await next();
    const following = next();
    await etcd().wipe();
    const { revision } = await following;
    const { cause, keys, bytes, revision: listed } = events().at(-1)!;
    assert.deepEqual(
      { cause, keys, bytes, listed },
      { cause: 'rolled-back', keys: 0, bytes: 0, listed: revision },
    );
    assert.deepEqual(
      events().map((event) => event.cause),
      ['initial', 'rolled-back'],
    );
    assert.deepEqual(client.metrics().mirrors, { active: 1, resyncs: { ...none, 'rolled-back': 1 } });
    await end();
  });

  it('show the list after a compaction, for a mirror of a namespace with the keys of the server', async () => {
    const link = await proxy(etcd());
    const far = connect([link.endpoint]);
    const events = () => published(far);
    const mirror = far.namespace(folder).mirror({ prefix: 'a/' });
    const { next, end } = iterate(mirror[Symbol.asyncIterator]());
    await next();
    const seen = next();
    await client.kv.put(`${folder}a/seen`, 'v');
    await seen;
    link.refuse();
    const following = next();
    await client.kv.put(`${folder}a/missed`, 'v');
    await client.kv.put(`${folder}a/last`, 'v');
    await etcd().compact();
    link.heal();
    await following;
    const resyncs = events().map(({ key, rangeEnd, cause, keys }) => ({ key, rangeEnd, cause, keys }));
    const range = { key: `${folder}a/`, rangeEnd: `${folder}a0` };
    assert.deepEqual(resyncs, [
      { ...range, cause: 'initial', keys: 0 },
      { ...range, cause: 'compacted', keys: 3 },
    ]);
    assert.deepEqual(far.metrics().mirrors, { active: 1, resyncs: { ...none, compacted: 1 } });
    await end();
  });
});
