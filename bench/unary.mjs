#!/usr/bin/env node
// node --expose-gc bench/unary.mjs: puts and gets by this client, compared with a bare grpc-js stub from proto-loader.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { EtcdClient } from '../dist/index.js';
import { bigEtcd } from './support.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    // Short and many rounds: other load on the machine then affects both sides of a pair.
    seconds: { type: 'string', default: '0.4' },
    'in-flight': { type: 'string', default: '1,64,512' },
    calls: { type: 'string', default: 'put,get' },
    only: { type: 'string' }, // ours or raw, for a profile
    version: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const milliseconds = Number(values.seconds) * 1_000;
// On a disk, fsync would dominate.
if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';

const etcd = await bigEtcd(values.version);
const [endpoint] = etcd.endpoints;
const client = new EtcdClient({ endpoints: etcd.endpoints });
const bare = bareStub(endpoint);
const keys = Array.from({ length: 1_000 }, (_, i) => `bench/${String(i).padStart(10, '0')}`); // 16 bytes
const value = Buffer.alloc(256, 'v');
for (const key of keys) await client.kv.put(key, value);

const calls = {
  put: {
    ours: (i) => client.kv.put(keys[i % 1_000], value),
    raw: (i) => bare.put({ key: Buffer.from(keys[i % 1_000]), value }),
  },
  get: {
    ours: (i) => client.kv.get(keys[i % 1_000]),
    raw: (i) => bare.range({ key: Buffer.from(keys[i % 1_000]) }),
  },
};
const contestants = values.only ? [values.only] : ['ours', 'raw'];

for (const call of values.calls.split(',')) {
  for (const inFlight of values['in-flight'].split(',').map(Number)) await compare(call, inFlight);
}
await client.close();
bare.close();
await etcd.close();

async function compare(call, inFlight) {
  const results = { ours: [], raw: [] };
  for (const who of contestants) await measure(calls[call][who], inFlight, milliseconds / 2); // warm
  for (let round = 0; round < rounds; round++) {
    // The first of a pair has colder caches, so the order alternates.
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const who of order) results[who].push(await measure(calls[call][who], inFlight, milliseconds));
  }
  for (const who of contestants) {
    const { rate, cpu } = {
      rate: median(results[who].map((r) => r.rate)),
      cpu: median(results[who].map((r) => r.cpu)),
    };
    console.log(
      `${call}, ${inFlight} in flight, ${who}: ${Math.round(rate)}/s, ${cpu.toFixed(1)} µs of CPU per call`,
    );
  }
  if (contestants.length < 2) return;
  const ratio = (of) => ranged(results.ours.map((ours, i) => ours[of] / results.raw[i][of]));
  console.log(`  ours to raw: CPU ${ratio('cpu')}, calls per second ${ratio('rate')}`);
}

/** Keeps `inFlight` calls open for `ms` milliseconds. */
async function measure(call, inFlight, ms) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const start = performance.now();
  const end = start + ms;
  let done = 0;
  const loop = async () => {
    while (performance.now() < end) await call(done++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { rate: (done / took) * 1_000, cpu: (user + system) / done };
}

/** A typical client built from the .proto files and the gRPC library. */
function bareStub(address) {
  const definition = loadSync('etcd/rpc.proto', {
    includeDirs: [new URL('../proto', import.meta.url).pathname],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { KV } = loadPackageDefinition(definition).etcdserverpb;
  const stub = new KV(address, credentials.createInsecure());
  const promised = (method) => (request) =>
    new Promise((resolve, reject) => {
      stub[method](request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  return { put: promised('Put'), range: promised('Range'), close: () => stub.close() };
}

function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function ranged(figures) {
  return `${median(figures).toFixed(2)} [${Math.min(...figures).toFixed(2)}, ${Math.max(...figures).toFixed(2)}]`;
}
