#!/usr/bin/env node
// npm run campaign:auth: the recovery time of a client with authentication after the store was restored from a backup.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient, register } from '../build/src/index.js';
import { startEtcd } from '../build/src/testing/index.js';
import { authenticateCalls, enableAuth } from './campaign-auth-support.mjs';

const help = `npm run campaign:auth [-- --rounds 20 --writes 40 --get-seconds 10 --registration-seconds 5]

Per round, on a new etcd with authentication: its data directory is copied, a number of writes follow, a client with a
user registers an endpoint, etcd is killed, the copy is restored and etcd is started. Measures from the moment at which
etcd answers others until \`get\` is answered, and until the registration's record is stored under a lease that the
client holds. Prints each round, the median and the maximum, with the Authenticate calls that etcd counted since its
start (one each for the client and the observer) and the failed calls. Exit code 1 when a bound was missed or a call
failed.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    writes: { type: 'string', default: '40' },
    'get-seconds': { type: 'string', default: '10' },
    'registration-seconds': { type: 'string', default: '5' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds);
const boundMs = {
  get: 1_000 * Number(values['get-seconds']),
  registration: 1_000 * Number(values['registration-seconds']),
};
const user = { username: 'root', password: 'a password of the campaign' };
const target = 'campaign/auth';
const key = `${target}/one`;
const timeoutMs = 120_000;

const results = [];
for (let round = 1; round <= rounds; round++) {
  const result = await restoreOnce();
  results.push(result);
  console.log(
    `round ${round}: get ${inMs(result.get)}, registration ${inMs(result.registration)}, ${result.authenticates} Authenticate calls by the client, ${result.failures.length} calls failed`,
  );
  for (const failure of new Set(result.failures)) console.log(`  ${failure}`);
}
const failed = results.filter(
  ({ get, registration, failures }) =>
    !(get <= boundMs.get) || !(registration <= boundMs.registration) || failures.length > 0,
).length;
summarize(
  'get',
  results.map(({ get }) => get),
);
summarize(
  'registration',
  results.map(({ registration }) => registration),
);
console.log(`Authenticate calls per round: ${results.map(({ authenticates }) => authenticates).join(' ')}`);
console.log(
  `bounds: get ${boundMs.get} ms, registration ${boundMs.registration} ms; ${failed} of ${rounds} rounds missed one or had a failed call`,
);
process.exitCode = failed > 0 ? 1 : 0;

async function restoreOnce() {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-campaign-auth-'));
  const [data, copy] = [join(folder, 'data'), join(folder, 'copy')];
  const etcd = await startEtcd({ args: ['--data-dir', data] });
  if (results.length === 0)
    console.log(`etcd ${etcd.version}, ${rounds} rounds, ${values.writes} writes lost in each`);
  await enableAuth(etcd, user.password);
  await cp(data, copy, { recursive: true });
  const admin = new EtcdClient({ endpoints: etcd.endpoints, auth: user });
  for (let i = 0; i < Number(values.writes); i++) await admin.kv.put('filler', String(i));
  await admin.close();
  const client = new EtcdClient({ endpoints: etcd.endpoints, auth: user });
  const registration = await register(client, {
    target,
    id: 'one',
    addr: '10.0.0.1:1',
    ttlSeconds: 10,
  });

  await etcd.kill();
  await rm(data, { recursive: true });
  await cp(copy, data, { recursive: true });
  await etcd.restart();
  const began = performance.now();
  const failures = [];
  const [get, registered] = await Promise.all([
    client.kv.get('k').then(
      () => performance.now() - began,
      (error) => {
        failures.push(error.message);
        return Number.NaN;
      },
    ),
    untilRegistered(etcd, registration, began),
  ]);
  // One call was the observer's.
  const authenticates = (await authenticateCalls(etcd)) - 1;
  await registration.close();
  await client.close();
  await etcd.close();
  await rm(folder, { recursive: true });
  return { get, registration: registered, authenticates, failures };
}

/** Observed by another client, whose token is from the restored store. */
async function untilRegistered(etcd, registration, began) {
  const observer = new EtcdClient({ endpoints: etcd.endpoints, auth: user });
  try {
    while (performance.now() - began < timeoutMs) {
      const { kv } = await observer.kv.get(key);
      if (kv && kv.lease === registration.lease) return performance.now() - began;
      await sleep(20);
    }
    return Number.NaN;
  } finally {
    await observer.close();
  }
}

function summarize(what, times) {
  const sorted = times.filter((ms) => !Number.isNaN(ms)).sort((a, b) => a - b);
  const never = times.length - sorted.length;
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `${what}: median ${inMs(median)}, max ${inMs(sorted.at(-1))}${never > 0 ? `, ${never} NEVER` : ''}`,
  );
}

function inMs(ms) {
  return ms === undefined || Number.isNaN(ms) ? 'never' : `${ms.toFixed(0)} ms`;
}
