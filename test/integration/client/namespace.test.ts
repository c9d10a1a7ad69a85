import assert from 'node:assert/strict';
import type { EtcdClient, EtcdNamespace } from '#src/client/index.js';
import { ClosedError, InvalidInputError } from '#src/errors/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from './support.js';

describe('a namespace of a client', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let inside: EtcdNamespace;
  let folder: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
    inside = client.namespace(folder);
  });

  it('watches only its own keys and reports them without the prefix', async () => {
    await client.kv.put(`${folder}a`, 'old');
    const watcher = inside.watch({ prefix: '' }, { prevKv: true });
    await watcher.ready;
    await client.kv.put(`${folder.slice(0, -1)}0outside`, 'v');
    await client.kv.put(`${folder}a`, 'new');
    await inside.kv.delete('a');
    const received: string[] = [];
    for await (const { events } of watcher) {
      for (const { type, kv, prevKv } of events)
        received.push(`${type} ${kv.key} ${prevKv?.key} ${prevKv?.value}`);
      if (received.length === 2) break;
    }
    assert.deepEqual(received, ['put a a old', 'delete a a new']);
  });

  it('limits a watch without an end to the namespace', async () => {
    const watcher = inside.watch({ fromKey: 'b' });
    await watcher.ready;
    for (const key of [`${folder}a`, `${folder.slice(0, -1)}0`, `${folder}c`]) await client.kv.put(key, 'v');
    const { value } = await watcher[Symbol.asyncIterator]().next();
    assert.deepEqual(
      value?.events.map(({ kv }) => kv.key.toString()),
      ['c'],
    );
    await watcher.close();
  });

  it('mirrors and streams only its own keys', async () => {
    await client.kv.put(`${folder}a`, '1');
    const update = await inside.mirror({ prefix: '' })[Symbol.asyncIterator]().next();
    assert.ok(update.value?.type === 'snapshot');
    assert.deepEqual([...update.value.kvs.keys()], ['a']);
    for await (const { kvs } of inside.kv.stream({ prefix: '' }))
      assert.deepEqual(
        kvs.map(({ key }) => key.toString()),
        ['a'],
      );
  });

  it('lists only its own keys of a lease', async () => {
    const lease = await inside.lease.hold({ ttlSeconds: 60 });
    await inside.kv.put('mine', 'v', { lease: lease.id });
    await client.kv.put(`${folder.slice(0, -1)}0theirs`, 'v', { lease: lease.id });
    const found = await inside.lease.timeToLive(lease.id, { keys: true });
    assert.deepEqual(
      found?.keys.map((key) => key.toString()),
      ['mine'],
    );
    assert.equal((await client.lease.timeToLive(lease.id, { keys: true }))?.keys.length, 2);
    await lease.revoke();
    assert.equal((await inside.kv.get('mine')).kv, undefined);
  });

  it('supports nested namespaces', async () => {
    await inside.namespace('deeper/').kv.put('k', 'v');
    assert.equal((await client.kv.get(`${folder}deeper/k`)).kv?.value.toString(), 'v');
  });

  it('works in place of a client for naming', async () => {
    const registration = await register(inside, { target: 'svc', addr: '10.0.0.1:1' });
    assert.equal((await client.kv.get(`${folder}svc/10.0.0.1:1`)).kv?.lease, registration.lease);
    assert.deepEqual([...(await new EndpointManager(inside, 'svc').list()).keys()], ['svc/10.0.0.1:1']);
    await registration.close();
  });

  it('is closed with its client, and so are its streams', async () => {
    const stream = inside.kv.stream({ prefix: '' });
    await client.close();
    assert.equal(inside.closed, true);
    await assert.rejects(stream.next(), ClosedError);
    await assert.rejects(inside.kv.get('k'), ClosedError);
  });

  it('requires a prefix', () => {
    assert.throws(() => client.namespace(''), InvalidInputError);
    assert.throws(() => inside.namespace(''), InvalidInputError);
  });
});
