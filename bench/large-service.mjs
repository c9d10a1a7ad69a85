#!/usr/bin/env node
// The cost of a large, continuously changing service for its callers: event loop, CPU and resolver updates.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { channelTarget, EtcdClient, encodeEndpoint, op, registerEtcdResolver } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';
import { bytesMethod } from '../scripts/bytes-method.mjs';
import grpc, { grpcPath } from './harness/own-grpc.mjs';
import { messageOf, serveOnEveryAddress } from './support.mjs';

const help = `npm run bench:large-service [-- --endpoints 5000 --changes 200 --seconds 20]

One server listens on as many loopback addresses (on Linux only), all registered in etcd under one target, and one
channel connects to each of them. Then endpoints are removed or added at the given rate, once with round_robin and once
with 'balance'. Prints event-loop delay p50 and p99, CPU use, and how often grpc-js received a list.`;

const method = bytesMethod('/bench.Large/Ask');
const target = 'bench/large';

/** How often a resolver passed a result to grpc-js, counted inside grpc-js's own registry. */
let emissions = 0;
const require = createRequire(import.meta.url);
const resolvers = require(join(dirname(grpcPath), 'resolver.js'));
const { registerResolver } = resolvers;
resolvers.registerResolver = (scheme, Resolver) =>
  registerResolver(
    scheme,
    class extends Resolver {
      constructor(uri, listener, options) {
        const counting = (...args) => {
          emissions++;
          return listener(...args);
        };
        super(uri, counting, options);
      }
    },
  );

if (process.env.BENCH_ROLE === 'server') serveOnEveryAddress(method);
else if (process.env.BENCH_ROLE === 'churn') await churn(JSON.parse(process.env.BENCH_OPTIONS));
else await main();

function record(i, port) {
  const addr = `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:${port}`;
  return op.put(`${target}/${i}`, encodeEndpoint({ addr, metadata: { weight: 1 } }));
}

/** Runs in a separate process, so that only the caller is measured. */
async function churn({ endpoints, count, port, changes, seconds }) {
  const client = new EtcdClient({ endpoints });
  const began = performance.now();
  const gone = new Set();
  for (let made = 0; made < changes * seconds; made++) {
    const i = (made * 7919) % count;
    const change = gone.delete(i) ? record(i, port) : op.delete(`${target}/${i}`);
    if (change.type === 'delete') gone.add(i);
    await client.kv.txn({ success: [change] });
    const due = began + (made * 1_000) / changes;
    if (performance.now() < due) await sleep(due - performance.now());
  }
  await client.kv.txn({ success: [...gone].slice(0, 100).map((i) => record(i, port)) });
  await client.close();
  process.send(`${((changes * seconds * 1_000) / (performance.now() - began)).toFixed(0)} changes a second`);
  process.disconnect();
}

async function main() {
  const { values } = parseArgs({
    options: {
      endpoints: { type: 'string', default: '5000' },
      changes: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '20' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const [count, changes, seconds] = [values.endpoints, values.changes, values.seconds].map(Number);
  const etcd = await startEtcd();
  const server = fork(fileURLToPath(import.meta.url), { env: { ...process.env, BENCH_ROLE: 'server' } });
  const port = await messageOf(server);
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  console.log(`etcd ${etcd.version}, node ${process.version}: ${count} endpoints, ${seconds} s`);
  for (const [policy, options] of [
    ['round_robin', {}],
    ['balance', { balance: {} }],
  ]) {
    for (let i = 0; i < count; i += 100) {
      const some = Array.from({ length: Math.min(100, count - i) }, (_, n) => record(i + n, port));
      await client.kv.txn({ success: some });
    }
    const resolver = registerEtcdResolver(client, options);
    const channel = channelTarget(target);
    const caller = new grpc.Client(channel.target, grpc.credentials.createInsecure(), channel.options);
    await ask(caller);
    await sleep(15_000); // until all connections are up
    const churning = fork(fileURLToPath(import.meta.url), {
      env: {
        ...process.env,
        BENCH_ROLE: 'churn',
        BENCH_OPTIONS: JSON.stringify({ endpoints: etcd.endpoints, count, port, changes, seconds }),
      },
    });
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    emissions = 0;
    const cpu = process.cpuUsage();
    const began = performance.now();
    const rate = await messageOf(churning);
    const elapsed = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    delays.disable();
    const ms = (share) => (delays.percentile(share) / 1e6).toFixed(1);
    console.log(
      `${policy.padEnd(12)} ${rate}: event-loop delay p50 ${ms(50)} ms, p99 ${ms(99)} ms, max ${(delays.max / 1e6).toFixed(0)} ms; CPU ${((user + system) / elapsed / 10_000).toFixed(0)} % of one; ${(emissions / elapsed).toFixed(1)} emissions per second`,
    );
    caller.close();
    resolver[Symbol.dispose]();
    await sleep(6_000); // until the directory no longer follows the target
  }
  await client.close();
  server.disconnect();
  await etcd.close();
}

function ask(caller) {
  return new Promise((resolve, reject) => {
    const deadline = { deadline: Date.now() + 60_000 };
    caller.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      Buffer.alloc(0),
      deadline,
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}
