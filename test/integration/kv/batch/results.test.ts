import assert from 'node:assert/strict';
import type { EtcdClient, EtcdClientOptions } from '#src/client/index.js';
import type { GetOptions } from '#src/kv/index.js';
import { callsDuring, readerOf, untilBatched } from '../../../support/batched-reads.js';
import { grpcCounter, skipUnlessBreakable, useEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import { fill, folderOf, useClients } from '../../client/support.js';

describe('reads of single keys in one turn', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let folder: string;

  beforeEach(() => {
    folder = folderOf(etcd());
  });

  async function batchingClient(options: Omit<EtcdClientOptions, 'endpoints'> = {}): Promise<EtcdClient> {
    const client = connect(etcd().endpoints, options);
    await untilBatched(etcd(), readerOf(client.kv));
    return client;
  }

  const keys = (count: number) => Array.from({ length: count }, (_, i) => `${folder}${i}`);
  const textOf = ({ kv }: Awaited<ReturnType<EtcdClient['kv']['get']>>) => kv?.value.toString();

  it('travel as one transaction, and each has its own result', async () => {
    const client = await batchingClient();
    for (const [i, key] of keys(40).entries()) await client.kv.put(key, `value ${i}`);
    const { revision } = await client.kv.get(`${folder}0`);
    let results: Awaited<ReturnType<EtcdClient['kv']['get']>>[] = [];
    const calls = await callsDuring(etcd(), async () => {
      results = await Promise.all(keys(60).map((key) => client.kv.get(key)));
    });
    assert.deepEqual(calls, { ranges: 0, txns: 1 });
    for (const [i, result] of results.entries()) {
      assert.equal(textOf(result), i < 40 ? `value ${i}` : undefined);
      assert.equal(result.kv?.key.toString(), i < 40 ? `${folder}${i}` : undefined);
      assert.equal(result.revision, revision);
    }
    assert.deepEqual(results[7], await client.kv.get(`${folder}7`));
    assert.equal(JSON.stringify(results[7]), JSON.stringify(await client.kv.get(`${folder}7`)));
  });

  it('are at most a hundred in a transaction, or maxTxnOps', async () => {
    const client = await batchingClient();
    const read = (from: EtcdClient) => () => Promise.all(keys(250).map((key) => from.kv.get(key)));
    assert.deepEqual(await callsDuring(etcd(), read(client)), { ranges: 0, txns: 3 });
    const limited = await batchingClient({ maxTxnOps: 60 });
    assert.deepEqual(await callsDuring(etcd(), read(limited)), { ranges: 0, txns: 5 });
  });

  it('travel as one transaction after reads that met before the client was connected', async function () {
    skipUnlessBreakable(this, etcd());
    const client = connect(etcd().endpoints);
    const statuses = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'Status');
    const before = await statuses();
    await Promise.all(keys(4).map((key) => client.kv.get(key)));
    await client.kv.get(`${folder}0`);
    await eventually('the client has asked the server about itself', async () => (await statuses()) > before);
  });

  it('travel as one transaction under load, although each read follows the answer of another one', async function () {
    skipUnlessBreakable(this, etcd());
    const client = connect(etcd().endpoints);
    let isDone = false;
    const loops = keys(64).map(async (key) => {
      while (!isDone) await client.kv.get(key);
    });
    try {
      const txns = () => grpcCounter(etcd(), 'grpc_server_started_total', 'Txn');
      const before = await txns();
      await eventually('reads are batched', async () => (await txns()) > before + 10);
    } finally {
      isDone = true;
      await Promise.all(loops);
    }
  });

  it('travel on their own if each is alone in its turn', async () => {
    const client = await batchingClient();
    const calls = await callsDuring(etcd(), async () => {
      for (const key of keys(5)) await client.kv.get(key);
    });
    assert.deepEqual(calls, { ranges: 5, txns: 0 });
  });

  it('travel on their own without batchReads', async () => {
    const client = connect(etcd().endpoints, { batchReads: false });
    const read = () => Promise.all(keys(5).map((key) => client.kv.get(key)));
    for (let i = 0; i < 5; i++) assert.deepEqual(await callsDuring(etcd(), read), { ranges: 5, txns: 0 });
  });

  it('meet although they are requested in different microtasks', async () => {
    const client = await batchingClient();
    const readAfter = async (microtasks: number) => {
      for (let i = 0; i < microtasks; i++) await undefined;
      await client.kv.get(`${folder}${microtasks}`);
    };
    const fromMicrotask = () => Promise.all(keys(10).map((_, i) => readAfter(i)));
    assert.deepEqual(await callsDuring(etcd(), fromMicrotask), { ranges: 0, txns: 1 });
    const fromTask = () => new Promise((resolve) => setImmediate(() => resolve(fromMicrotask())));
    assert.deepEqual(await callsDuring(etcd(), fromTask), { ranges: 0, txns: 1 });
  });

  it('meet again if they follow the answers of one transaction', async () => {
    const client = await batchingClient();
    const rounds = 20;
    const loop = async (key: string) => {
      for (let i = 0; i < rounds; i++) await client.kv.get(key);
    };
    const calls = await callsDuring(etcd(), () => Promise.all(keys(50).map(loop)));
    assert.deepEqual(calls, { ranges: 0, txns: rounds });
  });

  it('of one key share one operation, and their results share nothing', async () => {
    const client = connect(etcd().endpoints, { maxTxnOps: 1 });
    const key = `${folder}k`;
    await client.kv.put(key, 'value');
    await untilBatched(etcd(), { get: () => client.kv.get(key) });
    let results: Awaited<ReturnType<EtcdClient['kv']['get']>>[] = [];
    const calls = await callsDuring(etcd(), async () => {
      results = await Promise.all([key, Buffer.from(key), key].map((one) => client.kv.get(one)));
    });
    assert.deepEqual(calls, { ranges: 0, txns: 1 });
    const distinct = await callsDuring(etcd(), () => Promise.all(keys(3).map((one) => client.kv.get(one))));
    assert.deepEqual(distinct, { ranges: 3, txns: 0 }, 'distinct keys do not fit into one operation');
    assert.equal(new Set(results).size, 3);
    assert.equal(new Set(results.map(({ kv }) => kv)).size, 3);
    results[0]!.kv!.value.fill('x');
    results[0]!.kv!.key.fill('x');
    for (const { kv } of results.slice(1)) {
      assert.equal(kv?.value.toString(), 'value');
      assert.equal(kv?.key.toString(), key);
    }
  });

  it('of keys that are equal only as text are different reads', async () => {
    const client = await batchingClient();
    const bytes = [
      Buffer.from(`${folder}\xe9`, 'latin1'),
      Buffer.from(`${folder}\xe9`, 'utf8'),
      Buffer.from(`${folder}\xe8`, 'latin1'),
      Buffer.from(`${folder}i`),
    ];
    for (const key of bytes) await client.kv.put(key, key.toString('hex'));
    let results: Awaited<ReturnType<EtcdClient['kv']['get']>>[] = [];
    const calls = await callsDuring(etcd(), async () => {
      results = await Promise.all([...bytes, `${folder}\xe9`].map((key) => client.kv.get(key)));
    });
    assert.deepEqual(calls, { ranges: 0, txns: 1 });
    const values = bytes.map((key) => key.toString('hex'));
    assert.deepEqual(results.map(textOf), [...values, values[1]]);
  });

  it('are sent although timers are replaced, as by the fake timers of tests', async () => {
    const client = await batchingClient();
    const original = { setImmediate, queueMicrotask };
    const never = (() => {}) as unknown;
    const reads: Promise<unknown>[] = [];
    try {
      Object.assign(globalThis, { setImmediate: never, queueMicrotask: never });
      for (const key of keys(3)) reads.push(client.kv.get(key));
      await undefined;
    } finally {
      Object.assign(globalThis, original);
    }
    await Promise.all(reads);
  });

  it('may be very many', async () => {
    const client = await batchingClient();
    const calls = await callsDuring(etcd(), async () => {
      const results = await Promise.all(keys(20_000).map((key) => client.kv.get(key)));
      assert.equal(results.length, 20_000);
    });
    assert.deepEqual(calls, { ranges: 0, txns: 200 });
  });

  const filtered: readonly (readonly [name: string, options: GetOptions])[] = [
    ['a revision', { revision: 1n }],
    ['minModRevision', { minModRevision: 1n }],
    ['maxModRevision', { maxModRevision: 2n ** 62n }],
    ['minCreateRevision', { minCreateRevision: 1n }],
    ['maxCreateRevision', { maxCreateRevision: 2n ** 62n }],
  ];
  for (const [name, options] of filtered) {
    it(`travel on their own with ${name}`, async () => {
      const client = await batchingClient();
      const read = () => Promise.all(keys(4).map((key) => client.kv.get(key, options)));
      assert.deepEqual(await callsDuring(etcd(), read), { ranges: 4, txns: 0 });
    });
  }

  it('may state the defaults, or leave the values out', async () => {
    const client = await batchingClient();
    await fill(client, folder, 4);
    const defaults = { revision: 0n, serializable: false, minModRevision: 0n, maxCreateRevision: 0n };
    let values: (number | undefined)[] = [];
    const calls = await callsDuring(etcd(), async () => {
      const reads = keys(4).flatMap((key) => [
        client.kv.get(key, defaults),
        client.kv.get(key, { keysOnly: true }),
      ]);
      values = (await Promise.all(reads)).map(({ kv }) => kv?.value.length);
    });
    assert.deepEqual(calls, { ranges: 0, txns: 1 });
    assert.deepEqual(values, [1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it('are grouped by consistency', async () => {
    const client = await batchingClient();
    const read = (serializable: boolean) => keys(4).map((key) => client.kv.get(key, { serializable }));
    const calls = await callsDuring(etcd(), () => Promise.all([...read(true), ...read(false)]));
    assert.deepEqual(calls, { ranges: 0, txns: 2 });
  });

  it('travel together from a client and its namespaces, each with the keys of its own view', async () => {
    const client = await batchingClient();
    const outer = client.namespace(folder);
    const inner = outer.namespace('in/');
    await inner.kv.put('k', 'value');
    const views = [inner.kv, outer.kv, client.kv, inner.kv] as const;
    const named = ['k', 'in/k', `${folder}in/k`, 'k'] as const;
    let results: Awaited<ReturnType<EtcdClient['kv']['get']>>[] = [];
    const calls = await callsDuring(etcd(), async () => {
      results = await Promise.all(views.map((kv, i) => kv.get(named[i]!)));
    });
    assert.deepEqual(calls, { ranges: 0, txns: 1 });
    assert.deepEqual(
      results.map(({ kv }) => kv?.key.toString()),
      named,
    );
    assert.deepEqual(results.map(textOf), ['value', 'value', 'value', 'value']);
    const alone = await outer.kv.get('in/k');
    assert.equal(alone.kv?.key.toString(), 'in/k', 'also of a read that travels on its own');
  });

  it('reject invalid input on their own', async () => {
    const client = await batchingClient();
    const [good, bad, empty] = await Promise.allSettled([
      client.kv.get(`${folder}k`),
      client.kv.get(`${folder}k`, { timeoutMs: -1 }),
      client.kv.get(''),
    ]);
    assert.equal(good?.status, 'fulfilled');
    for (const one of [bad, empty])
      assert.match(String((one as PromiseRejectedResult).reason), /InvalidInput/);
  });

  it('have one limit for the bytes of their keys', async () => {
    const client = await batchingClient();
    const long = (i: number) => `${folder}${i}${'k'.repeat(50_000)}`;
    const read = () => Promise.all(Array.from({ length: 40 }, (_, i) => client.kv.get(long(i))));
    assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 8 });
    const longest = `${folder}${'k'.repeat(1_000_000)}`;
    const alone = () => Promise.all([client.kv.get(longest), client.kv.get(`${longest}k`)]);
    assert.deepEqual(await callsDuring(etcd(), alone), { ranges: 2, txns: 0 });
  });

  it('have one limit for the expected size of their answer, from earlier answers', async () => {
    const client = await batchingClient();
    const value = Buffer.alloc(300_000, 'v');
    for (const key of keys(6)) await client.kv.put(key, value);
    const read = () => Promise.all(keys(6).map((key) => client.kv.get(key)));
    assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 1 }, 'nothing is known');
    assert.deepEqual(await callsDuring(etcd(), read), { ranges: 0, txns: 2 }, 'three make a megabyte');
    const small = await callsDuring(etcd(), () =>
      Promise.all(
        keys(90)
          .slice(6)
          .map((key) => client.kv.get(key)),
      ),
    );
    assert.ok(small.txns <= 12, `the other keys are not as large: ${JSON.stringify(small)}`);
  });
});
