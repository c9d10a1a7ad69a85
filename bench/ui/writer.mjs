// The process that registers the endpoints and changes them: first by the task, and then at a rate for a time, each time that
// the parent asks. An answer of etcd to a change of a visible row is reported with its marker.
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../build/test/sim/random.js';
import { EtcdClient, op } from '../../dist/index.js';
import { inBatches } from '../harness/measure.mjs';
import { ownTask } from '../harness/processes.mjs';
import { wallClockBias } from './clock.mjs';
import { addressOf, bigService, keyOf, putOf, servicesOf } from './services.mjs';

/** Longer than a run: nothing expires, and nothing has to be renewed. */
const ttlSeconds = 24 * 3_600;
const registerShare = 0.3;

const { etcd, endpoints, seed } = ownTask();
const client = new EtcdClient({ endpoints: etcd });
const random = new Random(seed);
const all = [];
const byAddress = new Map();
let nextNumber = 0;
let nextMarker = 0;
let nextProbe = 0;
let visible = [];
let bias = 0;

for (const { name, size } of servicesOf(endpoints)) {
  const some = Array.from({ length: size }, () => newEndpoint(name));
  await inBatches(some, grant, 200);
  for (let i = 0; i < size; i += 100)
    await client.kv.txn({ success: some.slice(i, i + 100).map((one) => putOf(one, 'first')) });
}
process.on('message', (message) => {
  if (message.visible) visible = message.visible.map((addr) => byAddress.get(addr)).filter(Boolean);
  else void change(message);
});
process.send({ registered: all.length });

/** Above this, changes wait: etcd, or this process, cannot keep up with the rate. */
const maxOpen = 1_000;

/** Starts changes when they are due, whether or not etcd has answered the earlier ones. */
async function change({ rate, probes, seconds }) {
  bias = wallClockBias();
  const began = performance.now();
  const counts = { metadata: 0, registered: 0, revoked: 0, deleted: 0, probes: 0, failed: 0 };
  const open = new Set();
  for (let made = 0; performance.now() < began + seconds * 1_000; made++) {
    const due = began + (made * 1_000) / rate;
    if (performance.now() < due) await sleep(due - performance.now());
    while (open.size >= maxOpen) await Promise.race(open);
    const isProbe = Math.floor(((made + 1) * probes) / rate) > Math.floor((made * probes) / rate);
    const changing = (isProbe ? probe(counts) : other(counts))
      .catch(() => {
        counts.failed++;
      })
      .finally(() => open.delete(changing));
    open.add(changing);
  }
  await Promise.all(open);
  process.send({ counts, seconds: (performance.now() - began) / 1_000 });
}

/** Changes a visible row, and reports the times of the request and of the answer. */
async function probe(counts) {
  const one = visible[nextProbe++ % visible.length];
  if (!one || one.busy || one.gone) return other(counts);
  const marker = `mk${nextMarker++}x`;
  const requested = performance.now() + bias;
  await alone(one, () => client.kv.txn({ success: [putOf(one, marker)] }));
  process.send({ marker, requested, answered: performance.now() + bias });
  counts.probes++;
}

async function other(counts) {
  if (!random.chance(registerShare)) return changeMetadata(counts);
  return all.length < endpoints ? register(counts) : remove(counts);
}

async function changeMetadata(counts) {
  const one = pickIdle();
  await alone(one, () => client.kv.txn({ success: [putOf(one, `b${random.between(1, 1_000_000)}`)] }));
  counts.metadata++;
}

async function register(counts) {
  const { name } = random.weighted(servicesOf(endpoints).map((service) => [service.size, service]));
  const one = newEndpoint(name);
  await alone(one, async () => {
    await grant(one);
    await client.kv.txn({ success: [putOf(one, 'first')] });
  });
  counts.registered++;
}

/** By revoking the lease, or by deleting the record while the lease lives. */
async function remove(counts) {
  const one = takeOut(pickIdle());
  const kind = random.chance(0.5) ? 'revoked' : 'deleted';
  if (kind === 'revoked') await client.lease.revoke(one.lease);
  else await client.kv.txn({ success: [op.delete(keyOf(one))] });
  counts[kind]++;
}

function newEndpoint(service) {
  const one = { service, number: nextNumber++, index: all.length, busy: false, gone: false, lease: 0n };
  all.push(one);
  if (service === bigService) byAddress.set(addressOf(one.number), one);
  return one;
}

function takeOut(one) {
  const last = all.pop();
  last.index = one.index;
  if (last !== one) all[one.index] = last;
  byAddress.delete(addressOf(one.number));
  one.gone = true;
  return one;
}

/** An endpoint without an open request: one that is changed and removed at once could be left in the store. */
function pickIdle() {
  let one = random.pick(all);
  while (one.busy) one = random.pick(all);
  return one;
}

async function alone(one, work) {
  one.busy = true;
  try {
    await work();
  } finally {
    one.busy = false;
  }
}

async function grant(one) {
  const { id } = await client.lease.grant({ ttlSeconds });
  one.lease = id;
}
