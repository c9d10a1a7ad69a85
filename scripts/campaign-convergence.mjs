#!/usr/bin/env node
// npm run campaign:convergence: how long a watch takes to be level with etcd again, fault by fault.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient } from '../dist/index.js';
import { startEtcdCluster, startFaultProxy } from '../dist/testing/index.js';

const help = `npm run campaign:convergence [-- options]

  --rounds <n>    rounds of each fault, run side by side: default 50
  --only <text>   only the faults whose name contains the text
  --version <v>   the release of etcd; default: the first that is found

A round is a client of its own, on a cluster of three, behind a proxy of its own to each member. One writer puts a key
every 20 ms. Measured is the time from the fault (or its end, where it says so) to the arrival of the first event that
was written after that; and that no round misses, doubles or reorders any event. Exit code 1 when a target is missed.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    version: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds);

// Where a keepalive decides, the worst case is its time plus its timeout plus what a new stream takes.
const floor = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 3_000 };
const faults = [
  {
    name: 'reset of all connections, from the reset',
    targetMs: 2_000,
    fault: reset,
  },
  {
    name: 'reset of the connection to the only member, from the reset',
    targetMs: 2_000,
    members: 1,
    fault: reset,
  },
  {
    name: 'blackhole of the watched member, default keepalive (10 s + 5 s), from the blackhole',
    targetMs: 16_000,
    fault: async (pair) => {
      await sleep(Math.random() * 10_000);
      watched(pair).blackhole();
      return performance.now();
    },
  },
  {
    name: 'blackhole of the watched member, keepalive at its floor (5 s + 3 s), from the blackhole',
    targetMs: 9_000,
    options: floor,
    fault: async (pair) => {
      await sleep(Math.random() * 5_000);
      watched(pair).blackhole();
      return performance.now();
    },
  },
  {
    name: 'outage of 1 to 40 s, all members refuse, from heal',
    targetMs: 5_000,
    fault: ({ doors }, round) => outage(doors, 'refuse', 1 + (39 * round) / Math.max(1, rounds - 1)),
  },
  {
    name: 'outage of 20 to 40 s, all members are silent and swallow everything, from heal',
    targetMs: 5_000,
    fault: ({ doors }, round) => outage(doors, 'blackhole', 20 + (20 * round) / Math.max(1, rounds - 1)),
  },
];

const cluster = await startEtcdCluster(values.version ? { version: values.version } : {});
console.log(`etcd ${cluster.version}, three members; ${rounds} rounds of each fault side by side`);
const writer = new EtcdClient({ endpoints: cluster.endpoints });
let written = (await writer.kv.put('campaign/k', 'v')).revision;
let writing = true;
const writes = (async () => {
  for (let i = 0; writing; i++) {
    written = (await writer.kv.put('campaign/k', String(i))).revision;
    await sleep(20);
  }
})();
let missed = 0;
for (const fault of faults) if (fault.name.includes(values.only)) await measure(fault);
writing = false;
await writes;
await writer.close();
await cluster.close();
process.exitCode = missed > 0 ? 1 : 0;

async function measure(kind) {
  const { name, targetMs, fault } = kind;
  const pairs = await Promise.all(Array.from({ length: rounds }, () => open(kind)));
  const times = await Promise.all(
    pairs.map(async (pair, round) => {
      const since = await fault(pair, round);
      const after = written + 1n; // one write may be on its way; whatever is newer came after the fault, or its end
      const arrival = await pair.tellsOf(after + 1n);
      return arrival - since;
    }),
  );
  const broken = pairs.flatMap(({ complaint }) => complaint() ?? []);
  await Promise.all(pairs.map((pair) => pair.close()));
  times.sort((a, b) => a - b);
  const at = (share) => seconds(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? 0);
  const max = times.at(-1) ?? 0;
  const ok = max <= targetMs && broken.length === 0;
  if (!ok) missed++;
  console.log(
    `${ok ? 'ok    ' : 'MISSED'} ${name}\n       ${times.length} rounds: min ${at(0.001)}, median ${at(0.5)}, p99 ${at(0.99)}, max ${seconds(max)} (target ${seconds(targetMs)}); ${broken.length} rounds with a wrong history`,
  );
  for (const complaint of broken.slice(0, 3)) console.log(`       ${complaint}`);
}

/** A client whose way to each member is a proxy of its own, with a watch that is up. */
async function open({ members = cluster.members.length, options = {} }) {
  const targets = cluster.endpoints.slice(0, members);
  const doors = await Promise.all(targets.map((target) => startFaultProxy({ target })));
  const client = new EtcdClient({ endpoints: doors.map(({ endpoint }) => endpoint), ...options });
  const watcher = client.watch('campaign/k');
  await watcher.ready;
  let last = 0n;
  let previous;
  let complaint;
  const waiting = new Set();
  const reading = (async () => {
    for await (const { events } of watcher) {
      for (const { kv } of events) {
        // The one writer writes nothing else, so revisions follow each other.
        if (kv.modRevision <= last) complaint ??= `revision ${kv.modRevision} after ${last}`;
        const { version } = kv;
        if (previous !== undefined && version !== previous + 1n)
          complaint ??= `version ${version} after ${previous}`;
        previous = version;
        last = kv.modRevision;
      }
      for (const check of waiting) check();
    }
  })().catch((error) => {
    if (!client.closed) complaint ??= String(error);
  });
  return {
    doors,
    complaint: () => complaint,
    tellsOf: (revision) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not told of ${revision} within 120 s`)), 120_000);
        const check = () => {
          if (last < revision) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(performance.now());
        };
        waiting.add(check);
        check();
      }),
    async close() {
      await client.close();
      await reading;
      await Promise.all(doors.map((door) => door.close()));
    },
  };
}

async function reset({ doors }) {
  await sleep(Math.random() * 2_000);
  for (const door of doors) door.cut();
  return performance.now();
}

function watched({ doors }) {
  return doors.find(({ connections }) => connections > 0) ?? doors[0];
}

async function outage(doors, verb, lengthSeconds) {
  for (const door of doors) door[verb]();
  await sleep(lengthSeconds * 1_000);
  for (const door of doors) door.heal();
  return performance.now();
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}
