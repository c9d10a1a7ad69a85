import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from './support.js';

/** The name of a call, and a call with that key; it returns what it found, or undefined. */
type Call = readonly [string, (client: EtcdClient, key: Buffer) => Promise<string | undefined>];

const reads: readonly Call[] = [
  ['get', async ({ kv }, key) => (await kv.get(key)).kv?.value.toString()],
  [
    'get beside other reads',
    async ({ kv }, key) => {
      const [, { kv: found }] = await Promise.all([kv.get('other'), kv.get(key), kv.get('third')]);
      return found?.value.toString();
    },
  ],
  ['range of one key', async ({ kv }, key) => (await kv.range(key)).kvs[0]?.value.toString()],
  ['range of a prefix', async ({ kv }, key) => (await kv.range({ prefix: key })).kvs[0]?.value.toString()],
  [
    'stream',
    async ({ kv }, key) => {
      for await (const { kvs } of kv.stream({ prefix: key })) return kvs[0]?.value.toString();
      return undefined;
    },
  ],
  [
    'txn',
    async ({ kv }, key) => {
      const { succeeded, results } = await kv.txn({
        compare: [compare.value(key, '=', 'original')],
        success: [op.get(key)],
      });
      const [found] = results;
      return succeeded && found?.type === 'range' ? found.kvs[0]?.value.toString() : undefined;
    },
  ],
  ['put', async ({ kv }, key) => (await kv.put(key, 'original', { prevKv: true })).prevKv?.value.toString()],
  [
    'watch',
    async (client, key) => {
      await using watcher = client.watch(key, { startRevision: 1n });
      for await (const { events } of watcher) return events.at(-1)?.kv.value.toString();
      return undefined;
    },
  ],
  [
    'mirror',
    async (client, key) => {
      for await (const update of client.mirror({ prefix: key }))
        if (update.type === 'snapshot') return [...update.kvs.values()][0]?.value.toString();
      return undefined;
    },
  ],
  [
    'namespace',
    async (client, key) => {
      const inside = client.namespace(key.subarray(0, -1));
      return (await inside.kv.get(key.subarray(-1))).kv?.value.toString();
    },
  ],
];

describe('bytes that their owner changes after a call', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let folder: string;

  beforeEach(async () => {
    folder = folderOf(etcd());
    const { kv } = connect(etcd().endpoints);
    await kv.put(`${folder}a`, 'original');
    await kv.put(`${folder}b`, 'changed');
  });

  for (const [name, call] of reads) {
    for (const connected of [true, false]) {
      it(`do not change a ${name}${connected ? '' : ' that waits for a connection'}`, async () => {
        const client = connect(etcd().endpoints);
        if (connected) await client.kv.get('other');
        const key = Buffer.from(`${folder}a`);
        const result = call(client, key);
        key.write('b', key.length - 1);
        assert.equal(await result, 'original');
      });
    }
  }
});
