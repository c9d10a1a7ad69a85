#!/usr/bin/env node
// npm run campaign:lease: is the owner of a lease told of its loss before etcd lets go of it?
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient } from '../dist/index.js';
import { startEtcdCluster, startFaultProxy } from '../dist/testing/index.js';

const help = `npm run campaign:lease [-- options]

  --rounds <n>    how many leases are lost: default 50
  --at-once <n>   how many of them at a time: default 10
  --version <v>   the release of etcd; default: the first that is found

A round is a client of its own, on a cluster of three, behind a proxy of its own to each member. It holds a lease of
2 to 5 s with a key, for some renewals; then no member can be reached any more (they swallow, stall, refuse, or answer
late). Measured is the time from the client's word that the lease is lost to etcd's, the delete of the key as a
client with a connection of its own sees it; it must be positive. So must be the time from the moment at which
'held' turns false. Exit code 1 when it is not, or when no word comes.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '10' },
    version: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

const faults = [
  { name: 'swallow', fault: (door) => door.blackhole() },
  { name: 'stall', fault: (door) => door.stall() },
  { name: 'refuse', fault: (door) => door.refuse() },
  // The answers to what etcd did renew come when it is too late: a client that counted from them would be late, too.
  { name: 'answer late', fault: (door) => door.delay({ up: 0, down: 6_000 }) },
];
const cluster = await startEtcdCluster(values.version ? { version: values.version } : {});
const direct = new EtcdClient({ endpoints: cluster.endpoints });
const goneAt = new Map();
const watcher = direct.watch({ prefix: 'campaign/' });
await watcher.ready;
const watching = (async () => {
  for await (const { events } of watcher) {
    const now = performance.now();
    for (const { type, kv } of events) if (type === 'delete') goneAt.set(kv.key.toString(), now);
  }
})().catch(() => {});

const rounds = Number(values.rounds);
const atOnce = Number(values['at-once']);
console.log(`etcd ${cluster.version}, three members; ${rounds} leases lost, ${atOnce} at a time`);
const results = [];
for (let first = 0; first < rounds; first += atOnce) {
  const some = Array.from({ length: Math.min(atOnce, rounds - first) }, (_, i) => first + i);
  results.push(...(await Promise.all(some.map(lose))));
}
await watcher.close();
await watching;
await direct.close();
await cluster.close();

let wrong = 0;
for (const { name } of faults)
  summary(
    name,
    results.filter((result) => result.fault === name),
  );
summary('all', results);
const reasons = new Set(results.map(({ reason }) => reason));
console.log(`reasons: ${[...reasons].join(', ')}`);
process.exitCode = wrong > 0 || results.length < rounds ? 1 : 0;

function summary(name, of) {
  if (of.length === 0) return;
  const margins = of.map(({ marginMs }) => marginMs).sort((a, b) => a - b);
  const early = margins.filter((margin) => margin > 0).length;
  if (name === 'all') wrong = margins.length - early;
  const at = (share) => `${Math.round(margins[Math.ceil(share * margins.length) - 1] ?? margins[0])} ms`;
  console.log(
    `${name.padEnd(12)} ${of.length} rounds: etcd let go of it after the owner was told in ${early}; by min ${Math.round(margins[0])} ms, median ${at(0.5)}, max ${at(1)}`,
  );
}

async function lose(round) {
  const doors = await Promise.all(cluster.endpoints.map((target) => startFaultProxy({ target })));
  const client = new EtcdClient({ endpoints: doors.map(({ endpoint }) => endpoint) });
  try {
    const ttlSeconds = 2 + (round % 4);
    const lease = await client.lease.hold({ ttlSeconds });
    const key = `campaign/${round}`;
    await client.kv.put(key, 'v', { lease: lease.id });
    await sleep(ttlSeconds * 1_000 * (0.5 + 1.5 * Math.random()));
    if (!lease.held) throw new Error(`round ${round}: lost before anything was broken`);
    const { name, fault } = faults[Math.floor(round / 4) % faults.length];
    for (const door of doors) fault(door);
    const { reason } = await lease.ended;
    const toldAt = performance.now();
    const deadline = toldAt + 60_000;
    while (!goneAt.has(key)) {
      if (performance.now() > deadline) throw new Error(`round ${round}: etcd kept the lease`);
      await sleep(5);
    }
    return { fault: name, reason, marginMs: goneAt.get(key) - toldAt };
  } finally {
    await client.close();
    await Promise.all(doors.map((door) => door.close()));
  }
}
