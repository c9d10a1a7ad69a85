#!/usr/bin/env node
// npm run campaign:registration: how long a registration takes to recover from each failure.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient, encodeEndpoint, register } from '../build/src/index.js';
import { startEtcd } from '../build/src/testing/index.js';
import { RECORD_HELP, recordProof, typedCommand } from '../build/test/support/proof.js';

const help = `npm run campaign:registration [-- options]

  --rounds <n>    rounds of each failure: default 20
  ${RECORD_HELP}

Runs rounds of each failure: the lease revoked by an operator, the key deleted, etcd wiped, the event loop blocked for
three TTLs, etcd killed, and two processes with one key. Measures the time from the end of the failure until the right
record is stored again under a live lease, and checks that no other record was changed. Exit code 1 if a registration
did not recover or another record was changed.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    record: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds);
const ttlSeconds = 2;
const target = 'campaign/registration';
const key = `${target}/one`;
const endpoint = { addr: '10.0.0.1:1' };
const foreign = { addr: '10.9.9.9:9' };
const timeoutMs = 60_000;

const etcd = await startEtcd();
console.log(`etcd ${etcd.version}, TTL ${ttlSeconds} s, ${rounds} rounds of each`);
const admin = new EtcdClient({ endpoints: etcd.endpoints });
let failed = false;
let otherRecordsChanged = 0;
const rows = [];

await measure('lease revoked by an operator', async (registration) => {
  await admin.lease.revoke(registration.lease);
});
await measure('key deleted', async () => {
  await admin.kv.delete(key);
});
await measure('etcd killed and restarted', async () => {
  await etcd.kill();
  await etcd.restart();
});
await measure('etcd wiped', async () => {
  await etcd.wipe();
});
await measure(`event loop blocked for ${3 * ttlSeconds} s`, async () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000 * ttlSeconds);
});
await rival();
await admin.close();
await etcd.close();
if (values.record) await record();
process.exitCode = failed ? 1 : 0;

function record() {
  return recordProof('registration', {
    command: typedCommand('campaign:registration'),
    passed: !failed,
    etcd: [etcd.version],
    figures: {
      failures: rows.reduce((sum, [, count]) => sum + count, 0),
      notRecovered: rows.reduce((sum, [, , never]) => sum + never, 0),
      otherRecordsChanged,
    },
    tables: {
      recovery: { columns: ['Failure', 'Rounds', 'Never', 'p50', 'p99', 'Max'], rows },
    },
  });
}

async function measure(name, failure) {
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const registration = await register(client, { target, id: 'one', ...endpoint, ttlSeconds });
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await isRegistered(registration);
    const before = registration.registrationCount;
    await failure(registration);
    const end = performance.now();
    times.push((await isRegistered(registration, before)) ? performance.now() - end : Number.NaN);
  }
  report(name, times);
  await registration.close();
  await client.close();
}

/** Another process's record takes the key: the registration must wait until that is gone, and then register again. */
async function rival() {
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const registration = await register(client, { target, id: 'one', ...endpoint, ttlSeconds });
  const times = [];
  let touched = 0;
  for (let round = 0; round < rounds; round++) {
    await isRegistered(registration);
    const lease = await admin.lease.hold({ ttlSeconds: 60 });
    const { revision } = await admin.kv.put(key, encodeEndpoint(foreign), { lease: lease.id });
    while (registration.state !== 'waiting') await sleep(5);
    await sleep(1_500);
    if ((await admin.kv.get(key)).kv?.modRevision !== revision) touched++;
    await lease.revoke();
    const end = performance.now();
    times.push((await isRegistered(registration)) ? performance.now() - end : Number.NaN);
  }
  report('two processes with one key, from the end of the other record', times);
  console.log(`  other records changed: ${touched}`);
  otherRecordsChanged = touched;
  failed ||= touched > 0;
  await registration.close();
  await client.close();
}

/** Whether the right record is stored within the timeout; with `before`, by a registration after that number. */
async function isRegistered(registration, before = -1) {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const kv = await admin.kv.get(key).then(
      (found) => found.kv,
      () => undefined,
    );
    // After a kill the record may remain: it counts as soon as etcd returns it.
    const renewed = registration.registrationCount > before || kv?.modRevision === registration.revision;
    if (kv && renewed && kv.lease === registration.lease && kv.value.equals(encodeEndpoint(endpoint)))
      return true;
    await sleep(5);
  }
  return false;
}

function report(name, times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0)} ms`;
  const bad = times.filter(Number.isNaN).length;
  failed ||= bad > 0;
  rows.push([name, times.length, bad, at(0.5), at(0.99), at(1)]);
  console.log(
    `${name.padEnd(56)} p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}${bad ? `, ${bad} NEVER` : ''}`,
  );
}
