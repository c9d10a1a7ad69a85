#!/usr/bin/env node
// npm run campaign:stream: a large range through kv.stream on two etcd releases, while it is being written.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EtcdClient, op } from '../build/src/index.js';
import { cacheFolder, findCached } from '../build/src/testing/binary/cache.js';
import { startEtcd, startFaultProxy } from '../build/src/testing/index.js';

const help = `npm run campaign:stream [-- options]

  --keys <n>         keys in the range, each with a value of 256 bytes: default 100000
  --cuts <n>         connection resets during one read: default 20
  --releases <list>  etcd minor versions: default 3.4,3.7 (pages, RangeStream), the newest of each in the cache

On each release the same keys are written, and then changed continuously while separate processes read them: with
kv.stream, with kv.stream through a proxy that resets its connections, and with one range. All three must return the same
at the revision right after the first writes, and a stream from now must equal a range at its revision. Exit code 1 when
anything differs, within a release or between two.`;

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '100000' },
    cuts: { type: 'string', default: '20' },
    releases: { type: 'string', default: '3.4,3.7' },
    read: { type: 'string' },
    endpoint: { type: 'string' },
    revision: { type: 'string', default: '0' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const folder = 'campaign/';
if (values.read) await read(values.read, values.endpoint, BigInt(values.revision));
else await campaign(Number(values.keys), Number(values.cuts), values.releases.split(','));

async function campaign(keys, cuts, releases) {
  const results = [];
  for (const release of releases) {
    const version = await newest(release);
    if (version) results.push(await measure(version, keys, cuts));
    else console.log(`etcd ${release}: not in the cache, skipped (npm run etcd:build builds it)`);
  }
  const hashes = new Set(results.flatMap(({ pinned }) => pinned));
  const ok = results.length > 0 && hashes.size === 1 && results.every(({ same }) => same);
  const releasesRun = results.map(({ version }) => version).join(' and ');
  console.log(`${ok ? 'ok: the same' : 'DIFFERENT'} on ${releasesRun}: ${[...hashes].join(' ')}`);
  process.exitCode = ok ? 0 : 1;
}

async function measure(version, keys, cuts) {
  const etcd = await startEtcd({ version, args: ['--quota-backend-bytes', String(8 * 2 ** 30)] });
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const proxy = await startFaultProxy({ target: etcd.endpoints[0] });
  console.log(`\netcd ${etcd.version}, node ${process.version}: ${keys} keys of 256 bytes`);
  const revision = await fill(client, keys);
  const writer = writeOn(client, keys);
  try {
    const [endpoint] = etcd.endpoints;
    const stream = await readBy('stream', endpoint, revision);
    const cut = await readBy('stream', proxy.endpoint, revision, resets(proxy, cuts));
    const range = await readBy('range', endpoint, revision);
    console.log(`  connections of the read with resets: ${proxy.accepted}`);
    const now = await readBy('stream', endpoint, 0n);
    const then = await readBy('range', endpoint, BigInt(now.revision));
    return {
      version: etcd.version,
      pinned: [stream.hash, cut.hash, range.hash],
      same: now.hash === then.hash && range.keys === keys && (cuts === 0 || proxy.accepted > 1),
    };
  } finally {
    console.log(`  concurrent writes: ${await writer.stop()}`);
    await client.close();
    await proxy.close();
    await etcd.close();
  }
}

/** One writer, so that every release has the same keys at the same revisions. */
async function fill(client, keys) {
  const value = Buffer.alloc(256, 'v');
  let revision = 0n;
  for (let i = 0; i < keys; i += 100) {
    const numbers = Array.from({ length: Math.min(100, keys - i) }, (_, n) => i + n);
    ({ revision } = await client.kv.txn({ success: numbers.map((n) => op.put(nameOf(n), value)) }));
  }
  return revision;
}

/** Changes a key, adds one and deletes it again, across the range. */
function writeOn(client, keys) {
  let writes = 0;
  let stopped = false;
  const done = (async () => {
    for (let i = 0; !stopped; i = (i + 99_991) % keys, writes += 3) {
      await client.kv.txn({ success: [op.put(nameOf(i), 'changed'), op.put(`${nameOf(i)}+`, 'added')] });
      await client.kv.delete(`${nameOf(i)}+`);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await done;
      return writes;
    },
  };
}

function nameOf(n) {
  return folder + String(n).padStart(8, '0');
}

/** Resets the connection repeatedly, after a few bytes to two megabytes. */
function resets(proxy, cuts) {
  let left = cuts;
  return () => {
    if (left-- > 0) proxy.cutAfterBytes(Math.floor(2 ** (8 + Math.random() * 13)), 'down');
  };
}

/** Reads in a separate process, so that time, CPU and memory are those of the read. */
async function readBy(how, endpoint, revision, onBatch = () => {}) {
  const script = fileURLToPath(import.meta.url);
  const args = ['--read', how, '--endpoint', endpoint, '--revision', String(revision)];
  const child = spawn(process.execPath, ['--expose-gc', script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let result;
    child.on('message', (message) => {
      if (message === 'batch') onBatch();
      else result = message;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (!result) return reject(new Error(`read by ${how} exited with ${code}`));
      const { keys, batches, ms, cpuMs, mib, hash } = result;
      console.log(
        `  ${how.padEnd(6)} at ${revision || result.revision}: ${keys} keys in ${batches} batches, ${ms} ms, CPU ${cpuMs} ms, ${mib} MiB above the start, ${hash}`,
      );
      resolve(result);
    });
  });
}

async function read(how, endpoint, revision) {
  const client = new EtcdClient({ endpoints: [endpoint], maxReconnectDelayMs: 250 });
  await client.kv.get('warm');
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const hash = createHash('sha256');
  const totals = { keys: 0, batches: 0, revision: '' };
  const take = (kvs, at) => {
    for (const { key, value, createRevision, modRevision, version, lease } of kvs)
      hash.update(key).update(value).update(`${createRevision} ${modRevision} ${version} ${lease};`);
    totals.keys += kvs.length;
    totals.batches++;
    totals.revision = String(at);
    most = Math.max(most, process.memoryUsage().rss);
    process.send('batch');
  };
  if (how === 'range') {
    const { kvs, revision: at } = await client.kv.range({ prefix: folder }, { revision });
    take(kvs, revision || at);
  } else {
    for await (const { kvs, revision: at } of client.kv.stream({ prefix: folder }, { revision })) {
      take(kvs, at);
      await new Promise(setImmediate); // lets the parent receive the message, so that it can reset the connection
    }
  }
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(sampler);
  process.send({
    ...totals,
    ms: Math.round(performance.now() - start),
    cpuMs: Math.round((user + system) / 1_000),
    mib: Math.round((most - before) / 2 ** 20),
    hash: hash.digest('hex').slice(0, 16),
  });
  await client.close();
  process.disconnect();
}

async function newest(line) {
  const versions = readdirSync(cacheFolder())
    .map((name) => name.split('-')[0])
    .filter((version) => version.startsWith(`${line}.`))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const version of versions) if (await findCached(version)) return version;
  return undefined;
}
