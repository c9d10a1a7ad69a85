#!/usr/bin/env node
// The heap that remains in a caller after thousands of endpoint addresses were added and removed.
import { fork } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeHeapSnapshot } from 'node:v8';
import { EndpointManager, EtcdClient, registerEtcdResolver } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';
import { bytesMethod } from '../scripts/bytes-method.mjs';
import grpc from './harness/own-grpc.mjs';
import { messageOf, serveOnEveryAddress } from './support.mjs';

const help = `npm run bench:endpoint-churn -- [--addresses 5000] [--batch 100] [--policy etcd_weighted] [--channelz 1]
  [--snapshots <folder>]

One server listens on as many loopback addresses (on Linux only), which are registered and removed in batches, and one
channel connects to each of them. Prints the heap size after garbage collection for each batch, and the growth per
address after the first fifth of the addresses: memory that grows only once, such as caches, is not a leak. V8's
optimizer is off and its bytecode is kept: the code that V8 compiles and drops otherwise would look like a leak of 1 KB
per address, although this growth levels off.
To run with the optimizer: node --expose-gc bench/endpoint-churn.mjs.`;

const method = bytesMethod('/bench.Churn/Ask');

if (process.env.BENCH_SERVER) serveOnEveryAddress(method);
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      addresses: { type: 'string', default: '5000' },
      batch: { type: 'string', default: '100' },
      policy: { type: 'string', default: 'etcd_weighted' },
      channelz: { type: 'string', default: '1' },
      snapshots: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (!globalThis.gc) throw new Error('needs node --expose-gc');
  const [addresses, batch] = [Number(values.addresses), Number(values.batch)];
  const server = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_SERVER: '1' },
    execArgv: [],
  });
  const port = await messageOf(server);
  const etcd = await startEtcd();
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const resolver = registerEtcdResolver(client, values.policy === 'etcd_weighted' ? { balance: {} } : {});
  const service = 'bench/churn';
  const manager = new EndpointManager(client, service);
  await manager.addEndpoint(`${service}/always`, { addr: `127.0.0.1:${port}` });
  const caller = new grpc.Client(`etcd:///${service}`, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': Number(values.channelz),
    ...(values.policy === 'pick_first' && {
      'grpc.service_config': '{"loadBalancingConfig":[{"pick_first":{}}]}',
    }),
  });
  const sockets = watchSockets(port);
  await call(caller);
  console.log(`node ${process.version}, etcd ${etcd.version}, ${values.policy}, channelz ${values.channelz}`);

  const marks = [];
  const mark = async (seen) => {
    await sockets.settle(1);
    const heap = await steadyHeap();
    marks.push({ seen, heap });
    console.log(
      `${String(seen).padStart(6)} addresses added and removed: heap ${(heap / 2 ** 20).toFixed(2)} MiB`,
    );
    if (values.snapshots && marks.length > 1) writeHeapSnapshot(`${values.snapshots}/${seen}.heapsnapshot`);
  };
  await mark(0);
  const step = Math.max(batch, Math.floor(addresses / 5 / batch) * batch);
  for (let seen = 0; seen < addresses; ) {
    const ids = Array.from({ length: batch }, (_, i) => seen + i);
    await Promise.all(
      ids.map((id) => manager.addEndpoint(`${service}/e${id}`, { addr: `${loopback(id)}:${port}` })),
    );
    if (values.policy !== 'pick_first') await sockets.opened(batch);
    await Promise.all(ids.map(() => call(caller)));
    await Promise.all(ids.map((id) => manager.deleteEndpoint(`${service}/e${id}`)));
    seen += batch;
    if (seen % step === 0) await mark(seen);
  }
  const [, from] = marks;
  const to = marks.at(-1);
  console.log(
    `growth from ${from.seen} to ${to.seen}: ${((to.heap - from.heap) / (to.seen - from.seen)).toFixed(0)} bytes per address`,
  );
  caller.close();
  resolver[Symbol.dispose]();
  await client.close();
  await etcd.close();
  server.disconnect();
}

function loopback(id) {
  return `127.${1 + (id >> 16)}.${(id >> 8) & 255}.${id & 255}`;
}

/** The open sockets to the server, and the connections made since the last query. */
function watchSockets(port) {
  let open = 0;
  let connected = 0;
  subscribe('net.client.socket', ({ socket }) => {
    socket.once('connect', () => {
      if (socket.remotePort !== port) return;
      open++;
      connected++;
      socket.once('close', () => open--);
    });
  });
  return {
    async opened(count) {
      await until(`${count} connections`, () => connected >= count);
      connected -= count;
    },
    async settle(left) {
      await until(`${left} connections left`, () => open <= left);
    },
  };
}

/** The minimum over several seconds, after grpc-js's sweep of every 10 s. */
async function steadyHeap() {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i++) {
    globalThis.gc();
    least = Math.min(least, process.memoryUsage().heapUsed);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return least;
}

async function until(what, holds) {
  const deadline = performance.now() + 120_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within 120 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function call(client) {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.from('x'), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
