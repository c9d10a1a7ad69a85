import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import type { InternalWatchOptions } from '#src/watch/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from './support.js';

/** The name of each field whose value is a decimal string in JSON, because it is a 64-bit number. */
const numbers =
  /^(revision|createRevision|modRevision|version|lease|nextRevision|count|deleted|id|fromRevision)$/;

describe('JSON.stringify', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const binary = Buffer.of(0xff, 0x00, 0xc3);
  let client: EtcdClient;
  let folder: string;
  let prefix: string;

  beforeEach(async () => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
    prefix = `${folder}svc`;
    await client.kv.put(`${folder}text`, 'caf\u00e9');
    await client.kv.put(`${folder}binary`, binary);
  });

  const withResumptions: InternalWatchOptions = { startRevision: 1n, resumptions: true };

  /** Returns the first value of an iterable and ends the iteration. */
  async function first<T>(iteration: AsyncIterable<T>): Promise<T> {
    for await (const value of iteration) return value;
    throw new Error('there is none');
  }

  /** The results of the public methods, by name. */
  async function results(): Promise<ReadonlyMap<string, unknown>> {
    const manager = new EndpointManager(client, prefix);
    const directory = new ServiceDirectory(client);
    const lease = await client.lease.hold({ ttlSeconds: 60 });
    const found = new Map<string, unknown>([
      ['get', await client.kv.get(`${folder}binary`)],
      ['key-value', (await client.kv.get(`${folder}binary`)).kv],
      ['range', await client.kv.range({ prefix: folder })],
      ['stream', await first(client.kv.stream({ prefix: folder }))],
      ['put', await client.kv.put(`${folder}text`, 'new', { prevKv: true, lease: lease.id })],
      ['delete', await client.kv.delete(`${folder}none`, { prevKv: true })],
      [
        'txn',
        await client.kv.txn({
          compare: [compare.version(`${folder}text`, '>', 0n)],
          success: [
            op.get(`${folder}text`),
            op.put(`${folder}b`, ''),
            op.delete(`${folder}b2`),
            op.txn({ success: [op.get('x')] }),
          ],
        }),
      ],
      ['grant', await client.lease.grant({ ttlSeconds: 60 })],
      ['held lease', lease],
      ['keepAliveOnce', await client.lease.keepAliveOnce(lease.id)],
      ['timeToLive', await client.lease.timeToLive(lease.id, { keys: true })],
      ['leases', await client.lease.list()],
      ['watch', await first(client.watch({ prefix: folder }, withResumptions))],
      ['watch events', await first(client.watch({ prefix: folder }, { startRevision: 1n }))],
      ['addEndpoint', await manager.addEndpoint(`${prefix}/1`, { addr: 'a:1', metadata: { weight: 2 } })],
      ['list', await manager.list()],
      ['record', [...(await manager.list()).values()][0]],
      ['manager watch', await first(manager.watch())],
      ['view', await first(directory.subscribe(prefix))],
      ['service status', directory.status(prefix)],
      ['mirror', await first(client.mirror({ prefix: folder }))],
      ['mirror status', client.mirror({ prefix: folder }).status()],
    ]);
    const closing = client.watch(`${folder}x`, { startRevision: 1n });
    await closing.close();
    found.set('watch end', await closing.closed);
    const registration = await register(client, { target: prefix, addr: 'b:1' });
    const events = registration.events();
    await lease.revoke();
    await client.kv.delete(registration.key);
    found.set('lost', (await events.next()).value);
    found.set('registered', (await events.next()).value);
    found.set('registration', registration);
    await registration.close();
    await directory.close();
    return found;
  }

  it('writes every result, with 64-bit numbers as decimal strings', async () => {
    const seen = new Set<string>();
    for (const [what, result] of await results()) {
      const text = JSON.stringify(result, (name, value) => {
        if (numbers.test(name) && typeof value !== 'object') {
          assert.match(String(value), /^\d+$/, `${what}: ${name}`);
          assert.equal(typeof value, 'string', `${what}: ${name}`);
          seen.add(name);
        }
        return value;
      });
      assert.ok(text !== undefined && text !== '{}', `${what} is ${text}`);
      assert.ok(!text.includes('"type":"Buffer"'), `${what} has a Buffer's own JSON: ${text}`);
    }
    assert.deepEqual([...seen].sort(), [
      'count',
      'createRevision',
      'deleted',
      'id',
      'lease',
      'modRevision',
      'nextRevision',
      'revision',
      'version',
    ]);
  });

  it('writes bytes as text if they are UTF-8, otherwise as base64', async () => {
    const { kvs } = JSON.parse(JSON.stringify(await client.kv.range({ prefix: folder })));
    assert.deepEqual(
      kvs.map(({ key, value }: { key: unknown; value: unknown }) => [key, value]),
      [
        [`${folder}binary`, { base64: binary.toString('base64') }],
        [`${folder}text`, 'caf\u00e9'],
      ],
    );
  });
});
