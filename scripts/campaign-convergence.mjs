#!/usr/bin/env node
// npm run campaign:convergence: how long a watch takes to be up to date again after each fault.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient } from '../build/src/index.js';
import { startEtcdCluster, startFaultProxy } from '../build/src/testing/index.js';
import { RECORD_HELP, recordProof, typedCommand } from '../build/test/support/proof.js';

const help = `npm run campaign:convergence [-- options]

  --rounds <n>    rounds of each fault, run in parallel: default 50
  --only <text>   only faults whose name contains the text
  --longest <s>   the longest outage: default 40; a silent one lasts longer than keepalive takes to detect it
  --version <v>   the release of etcd; default: the first that is found
  ${RECORD_HELP}

A round is a separate client on a cluster of three, with its own proxy to each member. One writer puts a key every 20 ms.
Measures the time from the fault (or its end, if its name says so) to the arrival of the first event written after that,
and checks that no round misses, duplicates or reorders an event. Exit code 1 when a target is missed.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    longest: { type: 'string', default: '40' },
    version: { type: 'string' },
    record: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds);
const longest = Number(values.longest);
// Until keepalive detects a silent connection, nothing else can: the time from the heal would be that of keepalive.
const silent = { from: Math.max(16, longest / 2), to: Math.max(20, longest) };
/** How long the outage of a round lasts, in seconds. */
const lengthOf = ({ from, to }, round) => from + ((to - from) * round) / Math.max(1, rounds - 1);

// With keepalive, the worst case is its interval plus its timeout plus the time for a new stream.
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
    name: `outage of 1 to ${longest} s, all members refuse, from heal`,
    targetMs: 5_000,
    fault: ({ proxies }, round) => outage(proxies, 'refuse', lengthOf({ from: 1, to: longest }, round)),
  },
  {
    name: `outage of ${silent.from} to ${silent.to} s, all members blackholed, from heal`,
    targetMs: 5_000,
    fault: ({ proxies }, round) => outage(proxies, 'blackhole', lengthOf(silent, round)),
  },
];

const cluster = await startEtcdCluster(values.version ? { version: values.version } : {});
console.log(`etcd ${cluster.version}, three members; ${rounds} rounds of each fault in parallel`);
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
const rows = [];
for (const fault of faults) if (fault.name.includes(values.only)) await measure(fault);
writing = false;
await writes;
await writer.close();
await cluster.close();
if (values.record) await record();
process.exitCode = missed > 0 ? 1 : 0;

function record() {
  const sum = (cell) => rows.reduce((total, row) => total + row[cell], 0);
  return recordProof('convergence', {
    command: typedCommand('campaign:convergence'),
    passed: missed === 0,
    etcd: [cluster.version],
    figures: { faults: sum(1), wrongHistories: sum(2), targetsMissed: missed },
    tables: {
      recovery: { columns: ['Fault', 'Rounds', 'Wrong histories', 'Median', 'p99', 'Max', 'Target'], rows },
    },
  });
}

async function measure(kind) {
  const { name, targetMs, fault } = kind;
  const pairs = await Promise.all(Array.from({ length: rounds }, () => open(kind)));
  const times = await Promise.all(
    pairs.map(async (pair, round) => {
      const since = await fault(pair, round);
      const after = written + 1n; // one write may be in flight; anything newer was written after the fault or its end
      const arrival = await pair.receives(after + 1n);
      return arrival - since;
    }),
  );
  const broken = pairs.flatMap(({ problem }) => problem() ?? []);
  await Promise.all(pairs.map((pair) => pair.close()));
  times.sort((a, b) => a - b);
  const at = (share) => seconds(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? 0);
  const max = times.at(-1) ?? 0;
  const ok = max <= targetMs && broken.length === 0;
  if (!ok) missed++;
  rows.push([name, times.length, broken.length, at(0.5), at(0.99), seconds(max), seconds(targetMs)]);
  console.log(
    `${ok ? 'ok    ' : 'MISSED'} ${name}\n       ${times.length} rounds: min ${at(0.001)}, median ${at(0.5)}, p99 ${at(0.99)}, max ${seconds(max)} (target ${seconds(targetMs)}); ${broken.length} rounds with a wrong history`,
  );
  for (const problem of broken.slice(0, 3)) console.log(`       ${problem}`);
}

/** A client with its own proxy to each member, and an open watch. */
async function open({ members = cluster.members.length, options = {} }) {
  const targets = cluster.endpoints.slice(0, members);
  const proxies = await Promise.all(targets.map((target) => startFaultProxy({ target })));
  const client = new EtcdClient({ endpoints: proxies.map(({ endpoint }) => endpoint), ...options });
  const watcher = client.watch('campaign/k');
  await watcher.ready;
  let last = 0n;
  let previous;
  let problem;
  const waiting = new Set();
  const reading = (async () => {
    for await (const { events } of watcher) {
      for (const { kv } of events) {
        // The only writer writes nothing else, so revisions are consecutive.
        if (kv.modRevision <= last) problem ??= `revision ${kv.modRevision} after ${last}`;
        const { version } = kv;
        if (previous !== undefined && version !== previous + 1n)
          problem ??= `version ${version} after ${previous}`;
        previous = version;
        last = kv.modRevision;
      }
      for (const check of waiting) check();
    }
  })().catch((error) => {
    if (!client.closed) problem ??= String(error);
  });
  return {
    proxies,
    problem: () => problem,
    receives: (revision) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`did not receive ${revision} within 120 s`)),
          120_000,
        );
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
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

async function reset({ proxies }) {
  await sleep(Math.random() * 2_000);
  for (const proxy of proxies) proxy.cut();
  return performance.now();
}

function watched({ proxies }) {
  return proxies.find(({ connections }) => connections > 0) ?? proxies[0];
}

async function outage(proxies, verb, lengthSeconds) {
  for (const proxy of proxies) proxy[verb]();
  await sleep(lengthSeconds * 1_000);
  for (const proxy of proxies) proxy.heal();
  return performance.now();
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}
