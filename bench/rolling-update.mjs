#!/usr/bin/env node
// The cost of a rolling update of a large service, for etcd and for each process that follows the service.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ClosedError, EndpointManager, EtcdClient, register, ServiceDirectory } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';
import { median } from './harness/statistics.mjs';
import { eventually, machineLine, messageOf } from './support.mjs';

const help = `npm run bench:rolling-update [-- --instances 1000 --followers 0,1,10 --rounds 3 --batch 25 --plain]

Registers the instances of a service, in one process. A second process has the followers: clients with a connection of
their own, each with a directory that follows the service, or with --plain a watch without a directory. Then every instance is replaced, --batch at once: the new one
registers, and the old one drains. Prints for each number of followers the medians of the rounds, with their range. etcd has its data in /dev/shm if that exists, as in npm run bench.`;

const target = 'bench/rolling-update';
/** The time that drain() waits before and after the deletion; a shorter one than the default makes a denser load. */
const propagateMs = 100;
/** Long enough for a loaded machine: a lost lease would add revisions. */
const ttlSeconds = 60;

if (process.env.BENCH_ROLE === 'followers') await follow(JSON.parse(process.env.BENCH_OPTIONS));
else await main();

/** Runs in a separate process, so that only the followers are measured. */
async function follow({ endpoints, followers, instances, plain }) {
  process.once('disconnect', () => process.exit());
  const clients = Array.from({ length: followers }, () => new EtcdClient({ endpoints }));
  const all = await Promise.all(clients.map((client) => (plain ? watchOf(client) : directoryOf(client))));
  await eventually('all have the old instances', () =>
    all.every(({ isComplete }) => isComplete(instances, 'old')),
  );
  for (const one of all) one.received = 0;
  const before = process.cpuUsage();
  process.send('ready');
  await once(process, 'message');
  const { user, system } = process.cpuUsage(before);
  await eventually('all have the new instances', () =>
    all.every(({ isComplete }) => isComplete(instances, 'new')),
  );
  process.send({ cpuMs: (user + system) / 1_000, received: all.reduce((sum, one) => sum + one.received, 0) });
  for (const client of clients) await client.close();
  process.disconnect();
}

/** Counts views. They are inspected only before and after the update, so that this is not measured. */
function directoryOf(client) {
  let endpoints = [];
  const onView = (view) => {
    one.received++;
    endpoints = view.endpoints;
  };
  const isComplete = (instances, version) =>
    endpoints.length === instances && endpoints.every(({ metadata }) => metadata.version === version);
  const one = { received: 0, isComplete };
  new ServiceDirectory(client).follow(target, { onView, onFailure() {} });
  return one;
}

/** Counts events. */
async function watchOf(client) {
  const watcher = client.watch({ prefix: `${target}/` });
  const one = {
    received: 0,
    isComplete: (instances, version) => version === 'old' || one.received >= 3 * instances,
  };
  const read = async () => {
    for await (const { events } of watcher) one.received += events.length;
  };
  read().catch((error) => {
    if (!(error instanceof ClosedError)) throw error;
  });
  await watcher.ready;
  return one;
}

async function main() {
  const { values } = parseArgs({
    options: {
      instances: { type: 'string', default: '1000' },
      followers: { type: 'string', default: '0,1,10' },
      rounds: { type: 'string', default: '3' },
      batch: { type: 'string', default: '25' },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  const [instances, rounds, batch] = [values.instances, values.rounds, values.batch].map(Number);
  const { plain } = values;
  const numbers = values.followers.split(',').map(Number);
  const results = new Map(numbers.map((followers) => [followers, []]));
  let version;
  for (let round = 0; round < rounds; round++)
    for (const followers of numbers) {
      const result = await update({ instances, followers, batch, plain });
      version = result.version;
      results.get(followers).push(result);
    }
  console.log(
    `${machineLine()}, etcd ${version}; ${instances} instances, ${batch} at once, ${rounds} rounds`,
  );
  for (const [followers, of] of results) report(followers, of);
}

/** One update, on an etcd of its own. */
async function update(options) {
  const etcd = await startEtcd();
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  try {
    return { version: etcd.version, ...(await updateOn(etcd, client, options)) };
  } finally {
    await client.close();
    await etcd.close();
  }
}

async function updateOn(etcd, client, { instances, followers, batch, plain }) {
  const start = (i, metadata) =>
    register(client, {
      target,
      addr: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:50051`,
      metadata,
      ttlSeconds,
    });
  const running = [];
  while (running.length < instances) {
    const from = running.length;
    const size = Math.min(batch, instances - from);
    running.push(
      ...(await Promise.all(Array.from({ length: size }, (_, i) => start(from + i, { version: 'old' })))),
    );
  }
  const child = await startFollowers({ endpoints: etcd.endpoints, followers, instances, plain });
  const before = await snapshot(etcd);
  for (let from = 0; from < instances; from += batch) {
    const old = running.slice(from, from + batch);
    const replaced = old.map(async (registration, i) => {
      const next = await start(instances + from + i, { version: 'new' });
      await registration.drain({ propagateMs, whenIdle: () => Promise.resolve() });
      return next;
    });
    running.splice(from, batch, ...(await Promise.all(replaced)));
  }
  const after = await snapshot(etcd);
  const seen = child ? await endOf(child) : undefined;
  const { size } = await new EndpointManager(client, target).list();
  if (size !== instances) throw new Error(`${size} records are left`);
  const used = (name) => after[name] - before[name];
  return {
    ...seen,
    seconds: used('time'),
    sent: used('sent'),
    cpu: used('cpu'),
    revisions: used('revision'),
    resident: after.resident,
  };
}

async function startFollowers(options) {
  if (options.followers === 0) return undefined;
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_ROLE: 'followers', BENCH_OPTIONS: JSON.stringify(options) },
  });
  await messageOf(child);
  return child;
}

async function endOf(child) {
  const exited = once(child, 'exit');
  child.send('the update has ended');
  const seen = await messageOf(child);
  await exited;
  return seen;
}

async function snapshot(etcd) {
  const [sent, cpu, resident, revision] = await Promise.all(
    [
      'etcd_network_client_grpc_sent_bytes_total',
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'etcd_debugging_mvcc_current_revision',
    ].map((name) => etcd.metric(name)),
  );
  return { sent, cpu, resident, revision, time: performance.now() / 1_000 };
}

function report(followers, results) {
  const figure = (name, unit, of) => {
    const all = results.map(of).sort((a, b) => a - b);
    return `  ${name.padEnd(44)}${show(median(all))} (${show(all[0])}–${show(all.at(-1))}) ${unit}`;
  };
  console.log(`\n${followers} followers`);
  console.log(figure('duration', 's', ({ seconds }) => seconds));
  console.log(figure('revisions', '', ({ revisions }) => revisions));
  console.log(figure('etcd: CPU time', 's', ({ cpu }) => cpu));
  console.log(figure('etcd: bytes sent to all clients', 'KB', ({ sent }) => sent / 1_000));
  console.log(figure('etcd: resident memory at the end', 'MB', ({ resident }) => resident / 1e6));
  if (followers === 0) return;
  console.log(figure('a follower: CPU time', 'ms', ({ cpuMs }) => cpuMs / followers));
  console.log(
    figure('a follower: views, or events with --plain', '', ({ received }) => received / followers),
  );
}

function show(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
