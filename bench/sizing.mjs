#!/usr/bin/env node
// The memory of a lease, a record, a watcher and a connection, in etcd and in the client.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EtcdClient, encodeEndpoint, op, register, ServiceDirectory } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';
import { median } from './harness/statistics.mjs';
import { heapUsed, machineLine } from './support.mjs';

const help = `npm run bench:sizing [-- --rounds 5 --objects 5000 --clients 200 --endpoints 1000]

Creates many objects of one kind on a new etcd, and prints the memory that one of them takes: in etcd the heap after a
garbage collection and the resident memory, in the client the heap and buffers after a garbage collection. Medians of the
rounds, with their range. etcd has its data in /dev/shm if that exists.`;

const kinds = {
  'a lease without keys, kept alive': {
    count: ({ objects }) => objects,
    create: ({ client }, from, n) => inBatches(from, n, () => client.lease.hold({ ttlSeconds: 600 })),
  },
  'a registration: a lease, a record, a watcher': {
    count: ({ objects }) => objects,
    create: ({ client }, from, n) =>
      inBatches(from, n, (i) =>
        register(client, { target: 'sizing/svc', addr: addressOf(i), ttlSeconds: 600 }),
      ),
  },
  'a watcher on a shared stream': {
    count: ({ objects }) => objects,
    create: ({ client }, from, n) => inBatches(from, n, (i) => client.watch(`sizing/${i}`).ready),
  },
  'a client with a directory of the service': {
    count: ({ clients }) => clients,
    prepare: ({ client }, { endpoints }) =>
      inBatches(0, Math.ceil(endpoints / 100), (batch) =>
        client.kv.txn({ success: Array.from({ length: 100 }, (_, i) => record(batch * 100 + i)) }),
      ),
    create: async ({ opened, etcd }, from, n) =>
      inBatches(from, n, async () => {
        const client = new EtcdClient({ endpoints: etcd.endpoints });
        opened.push(client);
        const directory = new ServiceDirectory(client);
        directory.follow('sizing/svc', { onView() {}, onFailure() {} });
        await directory.ready('sizing/svc');
      }),
  },
};

function addressOf(i) {
  return `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:50051`;
}

function record(i) {
  const addr = addressOf(i);
  return op.put(`sizing/svc/${addr}`, encodeEndpoint({ addr }));
}

/** At most 100 at once, so that no deadline passes. */
async function inBatches(first, count, create) {
  for (let done = 0; done < count; done += 100) {
    const size = Math.min(100, count - done);
    await Promise.all(Array.from({ length: size }, (_, i) => create(first + done + i)));
  }
}

async function memoryOf(etcd) {
  // pprof collects garbage before it answers.
  const response = await fetch(`http://${etcd.endpoints[0]}/debug/pprof/heap?gc=1`, {
    headers: { connection: 'close' },
  });
  await response.arrayBuffer();
  const [heap, resident] = await Promise.all(
    ['go_memstats_heap_alloc_bytes', 'process_resident_memory_bytes'].map((name) => etcd.metric(name)),
  );
  return { heap, resident, client: heapUsed() };
}

async function measure(kind, options) {
  const etcd = await startEtcd({ args: ['--enable-pprof'] });
  const opened = [new EtcdClient({ endpoints: etcd.endpoints })];
  const context = { etcd, opened, client: opened[0] };
  try {
    await kind.prepare?.(context, options);
    // The first object opens the streams of the client.
    await kind.create(context, 0, 1);
    const count = kind.count(options);
    const before = await memoryOf(etcd);
    await kind.create(context, 1, count);
    const after = await memoryOf(etcd);
    const each = (name) => (after[name] - before[name]) / count;
    return { version: etcd.version, heap: each('heap'), resident: each('resident'), client: each('client') };
  } finally {
    for (const client of opened) await client.close();
    await etcd.close();
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      objects: { type: 'string', default: '5000' },
      clients: { type: 'string', default: '200' },
      endpoints: { type: 'string', default: '1000' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  if (!globalThis.gc) throw new Error('run it as npm run bench:sizing, which passes --expose-gc');
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  const { rounds, ...options } = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number(value)]),
  );
  const results = new Map(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, of] of results) of.push(await measure(kinds[name], options));
  const { version } = results.values().next().value[0];
  console.log(`${machineLine()}, etcd ${version}; ${rounds} rounds, ${JSON.stringify(options)}`);
  for (const [name, of] of results) {
    console.log(`\n${name}`);
    console.log(`  etcd: heap              ${figure(of.map(({ heap }) => heap))}`);
    console.log(`  etcd: resident memory   ${figure(of.map(({ resident }) => resident))}`);
    console.log(`  client: heap            ${figure(of.map(({ client }) => client))}`);
  }
}

function figure(values) {
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const kilobytes = (value) => (value / 1_000).toPrecision(3);
  return `${kilobytes(median(values))} KB (${kilobytes(lowest)}–${kilobytes(highest)})`;
}

await main();
