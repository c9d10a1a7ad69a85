#!/usr/bin/env node
// The cost of an update of a large service for a channel, with our policy and with grpc-js's round_robin, and the cost
// of a call.
import { fork } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import { registerBalancer } from '../dist/naming/grpc/balancer/balancer.js';
import { policyName } from '../dist/naming/grpc/balancer/config.js';
import { bytesMethod } from '../scripts/bytes-method.mjs';
import { serveOnEveryAddress } from './support.mjs';

const help = `npm run bench:balancer -- [--endpoints 5000] [--updates 9]

Connects one channel to many endpoints (one server that listens on as many loopback addresses, on Linux only) with each
policy, then removes one endpoint and adds it again. Prints how long each update blocks the process.`;

const method = bytesMethod('/bench.Balancer/Ask');

/** The number of connected sockets of grpc-js. */
let connected = 0;
subscribe('net.client.socket', ({ socket }) => socket.once('connect', () => connected++));

if (process.env.BENCH_SERVER) serveOnEveryAddress(method);
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      endpoints: { type: 'string', default: '5000' },
      updates: { type: 'string', default: '9' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const [count, updates] = [Number(values.endpoints), Number(values.updates)];
  const server = fork(fileURLToPath(import.meta.url), { env: { ...process.env, BENCH_SERVER: '1' } });
  const [port] = await once(server, 'message');
  registerBalancer();
  console.log(`${count} endpoints, ${updates} updates, node ${process.version}`);
  const figures = {};
  for (const policy of ['round_robin', policyName])
    figures[policy] = await measure(policy, count, updates, port);
  const [theirs, ours] = [figures.round_robin, figures[policyName]];
  const ratio = (name) => (ours[name] / theirs[name]).toFixed(3);
  console.log(
    `ours / round_robin: first list ${ratio('first')}, update ${ratio('update')}, call ${ratio('call')}`,
  );
  server.disconnect();
}

async function measure(policy, count, updates, port) {
  const { client, report } = channelWith(policy);
  const all = Array.from({ length: count }, (_, i) => endpoint(i, port));
  const less = all.filter((_, i) => i !== count >> 1);
  connected = 0;
  const asked = call(client);
  const first = blocked(() => report(all));
  await asked;
  await allConnected(client, count);
  const times = [];
  for (let i = 0; i < updates; i++) {
    times.push(blocked(() => report(i % 2 === 0 ? less : all)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const calls = 5_000;
  const began = process.cpuUsage();
  for (let i = 0; i < calls; i += 50) await Promise.all(Array.from({ length: 50 }, () => call(client)));
  const { user, system } = process.cpuUsage(began);
  client.close();
  const figures = { first, update: median(times), call: (user + system) / calls };
  console.log(
    `${policy.padEnd(14)} first list ${first.toFixed(0)} ms, update ${figures.update.toFixed(1)} ms (${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}), call ${figures.call.toFixed(0)} µs of CPU`,
  );
  return figures;
}

/** A channel with a scripted resolver. */
function channelWith(policy) {
  const scheme = `bench${Math.random().toString(36).slice(2)}`;
  let listener;
  class Scripted {
    constructor(_target, given) {
      listener = given;
    }
    updateResolution() {}
    destroy() {}
    static getDefaultAuthority() {
      return 'bench';
    }
  }
  grpc.experimental.registerResolver(scheme, Scripted);
  const client = new grpc.Client(`${scheme}:bench`, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const config = { loadBalancingConfig: [{ [policy]: {} }], methodConfig: [] };
  const { statusOrFromValue } = grpc.experimental;
  return { client, report: (list) => listener(statusOrFromValue(list), {}, statusOrFromValue(config), '') };
}

function endpoint(i, port) {
  return { addresses: [{ host: `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, port }] };
}

async function allConnected(client, count) {
  const deadline = performance.now() + 120_000;
  while (connected < count && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (connected < count) throw new Error(`${connected} of ${count} connected`);
  for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, () => call(client)));
}

function call(client) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      Buffer.alloc(0),
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

function blocked(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function median(times) {
  return [...times].sort((a, b) => a - b)[times.length >> 1];
}
