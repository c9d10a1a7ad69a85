#!/usr/bin/env node
// node --expose-gc bench/slow-reader.mjs: one reader stops and one keeps up during a gigabyte of events.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EtcdClient } from '../dist/index.js';
import { bigEtcd, eventually, heapUsed, MiB, mib, watchMemory } from './support.mjs';

const { values } = parseArgs({
  options: {
    total: { type: 'string', default: '1024' },
    sizes: { type: 'string', default: '1024,1048576' },
    version: { type: 'string' },
    write: { type: 'string' },
  },
});
if (values.write) {
  await write(JSON.parse(values.write));
  process.exit(0);
}
const totalBytes = Number(values.total) * MiB;
const etcd = await bigEtcd(values.version);
for (const size of values.sizes.split(',').map(Number)) {
  const count = Math.floor(totalBytes / size);
  console.log(`\n${mib(totalBytes)} MiB in ${count} values of ${size} bytes`);
  const alone = await run(size, count, false);
  const beside = await run(size, count, true);
  console.log(
    `  rate of the fast reader beside the stopped one: ${(beside / alone).toFixed(2)} of its rate alone`,
  );
}
await etcd.close();

/** Returns the fast reader's events per second. */
async function run(size, count, withStalled) {
  const folder = `${size}-${withStalled}/`;
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const fast = client.watch({ prefix: folder });
  const stalled = withStalled ? client.watch({ prefix: folder }) : undefined;
  await Promise.all([fast.ready, stalled?.ready]);
  const before = heapUsed();
  const memory = watchMemory();
  const start = performance.now();
  let writtenAt = Number.POSITIVE_INFINITY;
  const writing = writeElsewhere({ endpoints: etcd.endpoints, folder, size, count }).then(() => {
    writtenAt = performance.now();
  });
  let received = 0;
  for await (const { events } of fast) {
    received += events.length;
    if (received >= count) break;
  }
  const readAt = performance.now();
  const took = (readAt - start) / 1_000;
  await writing;
  const lag = Math.max(0, Math.round(readAt - writtenAt));
  console.log(
    `  fast reader ${withStalled ? 'beside a stopped one' : 'alone'}: ${received} events, ${Math.round(received / took)} per second, ${took.toFixed(1)} s, done ${lag} ms after the writer\n    ${memory.stop().text}; used at the end ${mib(heapUsed() - before)} MiB`,
  );
  if (stalled) await catchUp(stalled, count);
  await client.close();
  await eventually(
    'no watcher is left',
    async () => (await etcd.metric('etcd_debugging_mvcc_watcher_total')) === 0,
  );
  return received / took;
}

async function catchUp(stalled, count) {
  const memory = watchMemory();
  const start = performance.now();
  let received = 0;
  let last = 0n;
  let outOfOrder = 0;
  for await (const { events } of stalled) {
    for (const { kv } of events) {
      if (last !== 0n && kv.modRevision !== last + 1n) outOfOrder++;
      last = kv.modRevision;
    }
    received += events.length;
    if (received >= count) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const took = (performance.now() - start) / 1_000;
  console.log(
    `  the stopped reader then reads: ${received} of ${count} events, ${outOfOrder} out of order or missing, ${took.toFixed(1)} s\n    ${memory.stop().text}`,
  );
}

/** Runs in a separate process, so that only reading is measured here. */
async function writeElsewhere(task) {
  const child = fork(fileURLToPath(import.meta.url), ['--write', JSON.stringify(task)], { execArgv: [] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the writer exited with ${code}`);
}

async function write({ endpoints, folder, size, count }) {
  const client = new EtcdClient({ endpoints });
  const value = Buffer.alloc(size, 'x');
  let next = 0;
  const loop = async () => {
    while (next < count) await client.kv.put(`${folder}${next++ % 100}`, value);
  };
  await Promise.all(Array.from({ length: size > 100_000 ? 4 : 64 }, loop));
  await client.close();
}
