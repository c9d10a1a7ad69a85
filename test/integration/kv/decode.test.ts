import assert from 'node:assert/strict';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { EtcdClient } from '#src/client/index.js';
import { decode, op } from '#src/kv/index.js';
import type { KeyValue } from '#src/model/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

/** A check as a user writes it. */
function toPort(value: unknown): number {
  const { port } = value as { readonly port: unknown };
  if (typeof port !== 'number') throw new TypeError('port is not a number');
  return port;
}

describe('decode', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let folder: string;
  let key: string;

  beforeEach(async () => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
    key = `${folder}config`;
    await client.kv.put(key, '{"port":1}');
  });

  it('takes the key-values of gets, ranges, streams and transactions', async () => {
    const { kv } = await client.kv.get(key);
    const { kvs } = await client.kv.range({ prefix: folder });
    const ports: (number | undefined)[] = [
      decode.json(kv, toPort),
      ...kvs.map((one) => decode.json(one, toPort)),
    ];
    for await (const batch of client.kv.stream({ prefix: folder }))
      ports.push(...batch.kvs.map((one) => decode.json(one, toPort)));
    const { results } = await client.kv.txn({ success: [op.get(key)] });
    if (results[0]?.type === 'range') ports.push(decode.json(results[0].kvs[0], toPort));
    assert.deepEqual(ports, [1, 1, 1, 1]);
  });

  it('takes a key-value that crossed a MessagePort, which turns Buffers into Uint8Arrays', async () => {
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage((await client.kv.get(key)).kv);
      const data: KeyValue = receiveMessageOnPort(port2)?.message;
      assert.equal(decode.json(data, toPort), 1);
      assert.throws(() => decode.number(data), { key });
    } finally {
      port1.close();
    }
  });

  it('returns undefined for a missing key, and for the previous value of a new one', async () => {
    assert.equal(decode.json((await client.kv.get(`${folder}none`)).kv, toPort), undefined);
    const { prevKv } = await client.kv.put(`${folder}new`, '1', { prevKv: true });
    assert.equal(decode.number(prevKv), undefined);
  });

  it('takes both key-values of an event, and those of a mirror', async () => {
    const { kv } = await client.kv.get(key);
    await client.kv.put(key, '{"port":2}');
    for await (const { events } of client.watch(key, { startRevision: kv!.modRevision + 1n, prevKv: true })) {
      const [event] = events;
      assert.deepEqual([decode.json(event?.kv, toPort), decode.json(event?.prevKv, toPort)], [2, 1]);
      break;
    }
    for await (const update of client.mirror({ prefix: folder })) {
      assert.ok(update.type === 'snapshot');
      assert.equal(decode.json(update.kvs.get(key), toPort), 2);
      break;
    }
  });

  it('names the key without the prefix of a namespace, as its caller does', async () => {
    const namespace = client.namespace(folder);
    const { kv } = await namespace.kv.get('config');
    assert.throws(() => decode.bigint(kv), { message: "DATA_LOSS: the value of 'config' is not an integer" });
  });
});
