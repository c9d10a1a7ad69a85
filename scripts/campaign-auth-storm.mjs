#!/usr/bin/env node
// npm run campaign:auth-storm: one unrelated change of a role makes the JWT of every client of a fleet old.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient, register } from '../dist/index.js';
import { startEtcd } from '../dist/testing/index.js';
import { authenticateCalls, enableAuth, post } from './campaign-auth-support.mjs';

const help = `npm run campaign:auth-storm [-- --clients 450 --ttl 10 --timeout-ms 10000 --patience 180]

So many clients in this process, each with a registration of its own, on one etcd that issues JWTs (RS256). Then one
\`role add\` that concerns none of them: every token is old at that moment, and etcd checks a password at some 70 ms of
processor each. Printed are the Authenticate calls that etcd counted from then on, the registrations lost (stored
again under another lease), and how long it took until all were stored under a lease that is held and etcd was asked
for no more tokens. A report: nothing is asserted, except that all come back (exit code 1).`;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '450' },
    ttl: { type: 'string', default: '10' },
    'timeout-ms': { type: 'string', default: '10000' },
    patience: { type: 'string', default: '180' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const count = Number(values.clients);
const ttlSeconds = Number(values.ttl);
const password = 'a password of the campaign';
/** Not root, whose renewals etcd accepts with an old token as well. */
const auth = { username: 'service', password };
/** All is quiet when nothing changed for so long. */
const quietMs = 1_000 * ttlSeconds + 5_000;

const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-storm-'));
const etcd = await startEtcd({ args: ['--auth-token', authToken()] });
await addUser();
await enableAuth(etcd, password);
console.log(`etcd ${etcd.version}, ${count} clients with a registration each, TTL ${ttlSeconds} s`);
const fleet = await startFleet();
const admin = await post(etcd, 'auth/authenticate', { name: 'root', password });
const before = {
  calls: await authenticateCalls(etcd),
  stored: fleet.map(({ registration }) => registration.registrations),
};
await post(etcd, 'auth/role/add', { name: 'unrelated' }, admin.token);
const began = performance.now();
console.log('role added');
const { lastMs, settled } = await untilQuiet();
const lost = fleet.filter(({ registration }, i) => registration.registrations > before.stored[i]).length;
const calls = (await authenticateCalls(etcd)) - before.calls;
const standing = await countStanding();
console.log(
  `Authenticate calls ${calls}, registrations lost ${lost} of ${count}, all back after ${(lastMs / 1_000).toFixed(1)} s; ${standing} of ${count} stand${settled ? '' : ' (gave up waiting)'}`,
);
for (const { client } of fleet) await client.close();
await etcd.close();
rmSync(folder, { recursive: true });
process.exit(standing === count && settled ? 0 : 1);

function authToken() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [pub, priv] = [join(folder, 'pub.pem'), join(folder, 'priv.pem')];
  writeFileSync(pub, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(priv, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  return `jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=1h`;
}

async function addUser() {
  const base64 = (text) => Buffer.from(text).toString('base64');
  await post(etcd, 'auth/role/add', { name: 'services' });
  await post(etcd, 'auth/role/grant', {
    name: 'services',
    perm: { permType: 'READWRITE', key: base64('campaign/'), range_end: base64('campaign0') },
  });
  await post(etcd, 'auth/user/add', { name: auth.username, password });
  await post(etcd, 'auth/user/grant', { user: auth.username, role: 'services' });
}

/** A few at a time: the first tokens are not what is measured. */
async function startFleet() {
  const fleet = [];
  for (let first = 0; first < count; first += 10) {
    const numbers = Array.from({ length: Math.min(10, count - first) }, (_, i) => first + i);
    fleet.push(...(await Promise.all(numbers.map(startOne))));
    if (first % 100 === 0) console.log(`${fleet.length} registered`);
  }
  return fleet;
}

async function startOne(number) {
  const client = new EtcdClient({ endpoints: etcd.endpoints, auth, timeoutMs: Number(values['timeout-ms']) });
  const registration = await register(client, {
    target: 'campaign/storm',
    id: `i${number}`,
    endpoint: { addr: `10.0.${number >> 8}.${number & 255}:1` },
    ttlSeconds,
    timeoutMs: 120_000,
  });
  return { client, registration };
}

/** Until all stand and nothing was stored and no token asked for during one TTL and more. */
async function untilQuiet() {
  let lastMs = 0;
  let seen = '';
  let calls = 0;
  let counting = true;
  const counter = (async () => {
    for (; counting; await sleep(500)) calls = (await authenticateCalls(etcd)) - before.calls;
  })();
  const stopped = (settled) => {
    counting = false;
    return counter.then(() => ({ lastMs, settled }));
  };
  for (let second = 1; performance.now() - began < 1_000 * Number(values.patience); second++) {
    await sleep(500);
    const held = fleet.filter(({ registration }) => registration.state === 'registered').length;
    const stored = fleet.reduce((sum, { registration }) => sum + registration.registrations, 0);
    const now = performance.now() - began;
    const state = `${calls} ${held} ${stored}`;
    if (state !== seen) lastMs = now;
    seen = state;
    if (second % 10 === 0)
      console.log(`${(now / 1_000).toFixed(0)} s: ${calls} Authenticate calls, ${held} registered`);
    if (held === count && now - lastMs > quietMs) return stopped(true);
  }
  return stopped(false);
}

/** As etcd has it. */
async function countStanding() {
  const observer = new EtcdClient({ endpoints: etcd.endpoints, auth, timeoutMs: 120_000 });
  const { count: found } = await observer.kv.range(
    { prefix: 'campaign/storm/' },
    { countOnly: true, timeoutMs: 120_000 },
  );
  await observer.close();
  return Number(found);
}
