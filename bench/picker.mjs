#!/usr/bin/env node
// npm run bench:picker: the time and the memory that a pick of an EndpointPicker takes. Fails if picks allocate.
import { EndpointManager, EndpointPicker, EtcdClient, pick } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';

const picks = 1_000_000;
const rounds = 5;
const batch = 100;
const policies = {
  weighted: {},
  round_robin: { policy: 'round_robin' },
  'weighted, with a zone': { zone: 'a' },
};

const etcd = await startEtcd();
const client = new EtcdClient({ endpoints: etcd.endpoints });

for (const size of [10, 1_000, 10_000]) {
  const target = `bench/${size}`;
  await register(target, size);
  for (const [policy, options] of Object.entries(policies)) {
    const picker = new EndpointPicker(client, target, options);
    await picker.ready({ minEndpoints: size });
    const { ns, bytes } = measure(picker);
    console.log(`${size} endpoints, ${policy}: ${ns.toFixed(0)} ns and ${bytes.toFixed(2)} bytes a pick`);
    if (bytes > 1) process.exitCode = 1;
    picker.close();
  }
}
const begin = performance.now();
for (let i = 0; i < 100_000; i++) await pick(client, 'bench/10');
console.log(`await pick(client, target): ${(((performance.now() - begin) * 1e6) / 100_000).toFixed(0)} ns`);
await client.close();
await etcd.close();

async function register(target, size) {
  const manager = new EndpointManager(client, target);
  for (let from = 0; from < size; from += batch) {
    const adds = Array.from({ length: Math.min(batch, size - from) }, (_, i) => addOf(target, from + i));
    await manager.update(adds);
  }
}

function addOf(target, i) {
  const metadata = { weight: 1 + (i % 3), zone: i % 2 ? 'a' : 'b' };
  return { op: 'add', key: `${target}/${i}`, endpoint: { addr: `10.0.${i >> 8}.${i & 255}:80`, metadata } };
}

/** The best of several rounds, without what the machine did meanwhile. */
function measure(picker) {
  let ns = Number.POSITIVE_INFINITY;
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    gc();
    const heap = process.memoryUsage().heapUsed;
    const begin = performance.now();
    for (let i = 0; i < picks; i++) picker.pick();
    ns = Math.min(ns, ((performance.now() - begin) * 1e6) / picks);
    bytes = Math.min(bytes, Math.abs(process.memoryUsage().heapUsed - heap) / picks);
  }
  return { ns, bytes };
}
