#!/usr/bin/env node
// npm run campaign:auth-storm: one unrelated role change invalidates the JWTs of a whole fleet.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient, register } from '../build/src/index.js';
import { startEtcd } from '../build/src/testing/index.js';
import { authenticateCalls, enableAuth, post } from './campaign-auth-support.mjs';

const help = `npm run campaign:auth-storm [-- --clients 450 --ttl 10 --timeout-ms 10000 --max-wait 180]

Starts many clients in this process, each with a registration, on one etcd that issues JWTs (RS256). Then one unrelated
\`role add\` invalidates every token, while etcd needs about 70 ms of CPU to check a password. Prints the Authenticate
calls that etcd counted from then on, the registrations lost (stored again under another lease), and the time until all
were stored under a live lease and no more tokens were requested. Asserts only that all recover (exit code 1).`;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '450' },
    ttl: { type: 'string', default: '10' },
    'timeout-ms': { type: 'string', default: '10000' },
    'max-wait': { type: 'string', default: '180' },
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
/** Not root, whose renewals etcd accepts even with an old token. */
const auth = { username: 'service', password };
/** The storm is over after this long without a change. */
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
  stored: fleet.map(({ registration }) => registration.registrationCount),
};
await post(etcd, 'auth/role/add', { name: 'unrelated' }, admin.token);
const began = performance.now();
console.log('role added');
const { lastMs, settled } = await untilQuiet();
const lost = fleet.filter(({ registration }, i) => registration.registrationCount > before.stored[i]).length;
const calls = (await authenticateCalls(etcd)) - before.calls;
const stored = await countStored();
console.log(
  `Authenticate calls ${calls}, registrations lost ${lost} of ${count}, all recovered after ${(lastMs / 1_000).toFixed(1)} s; ${stored} of ${count} registered${settled ? '' : ' (timed out)'}`,
);
for (const { client } of fleet) await client.close();
await etcd.close();
rmSync(folder, { recursive: true });
process.exit(stored === count && settled ? 0 : 1);

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

/** Starts a few at a time; the first tokens are not measured. */
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
    addr: `10.0.${number >> 8}.${number & 255}:1`,
    ttlSeconds,
    timeoutMs: 120_000,
  });
  return { client, registration };
}

/** Waits until all are registered and nothing was stored and no token requested for longer than a TTL. */
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
  for (let second = 1; performance.now() - began < 1_000 * Number(values['max-wait']); second++) {
    await sleep(500);
    const held = fleet.filter(({ registration }) => registration.state === 'registered').length;
    const stored = fleet.reduce((sum, { registration }) => sum + registration.registrationCount, 0);
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

/** The number of records in etcd. */
async function countStored() {
  const observer = new EtcdClient({ endpoints: etcd.endpoints, auth, timeoutMs: 120_000 });
  const { count: found } = await observer.kv.range(
    { prefix: 'campaign/storm/' },
    { countOnly: true, timeoutMs: 120_000 },
  );
  await observer.close();
  return Number(found);
}
