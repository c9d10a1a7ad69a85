#!/usr/bin/env node
// npm run campaign:lease: is the owner of a lease notified of its loss before etcd expires it?
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EtcdClient } from '../build/src/index.js';
import { startEtcdCluster, startFaultProxy } from '../build/src/testing/index.js';
import { RECORD_HELP, recordProof, typedCommand } from '../build/test/support/proof.js';

const help = `npm run campaign:lease [-- options]

  --rounds <n>    number of leases to lose: default 50
  --at-once <n>   how many at a time: default 10
  --version <v>   the release of etcd; default: the first that is found
  ${RECORD_HELP}

A round is a separate client on a cluster of three, with its own proxy to each member. It holds a lease of 2 to 5 s with
a key for some renewals; then all members become unreachable (blackhole, stall, refused connections, or late answers).
Measures the time from the client's report of the loss to the deletion of the key in etcd, as seen by a client with
another connection; it must be positive, as must be the time from the moment at which 'held' turns false. Exit code 1 if
it is not, or if the loss is not reported.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '10' },
    version: { type: 'string' },
    record: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

const faults = [
  { name: 'blackhole', fault: (proxy) => proxy.blackhole() },
  { name: 'stall', fault: (proxy) => proxy.stall() },
  { name: 'refuse', fault: (proxy) => proxy.refuse() },
  // etcd does renew, but the answers arrive too late: a client that counts from the answer would report too late.
  { name: 'answer late', fault: (proxy) => proxy.delay({ up: 0, down: 6_000 }) },
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
const rows = [];
for (const { name } of faults)
  summary(
    name,
    results.filter((result) => result.fault === name),
  );
summary('all', results);
const reasons = new Set(results.map(({ reason }) => reason));
console.log(`reasons: ${[...reasons].join(', ')}`);
const passed = wrong === 0 && results.length === rounds;
if (values.record) await record();
process.exitCode = passed ? 0 : 1;

function record() {
  return recordProof('lease', {
    command: typedCommand('campaign:lease'),
    passed,
    etcd: [cluster.version],
    figures: { leasesLost: results.length, believedHeldAfterExpiry: wrong },
    tables: {
      warningBeforeExpiry: { columns: ['Fault', 'Leases', 'Warned before', 'Min', 'Median', 'Max'], rows },
    },
  });
}

function summary(name, of) {
  if (of.length === 0) return;
  const margins = of.map(({ marginMs }) => marginMs).sort((a, b) => a - b);
  const early = margins.filter((margin) => margin > 0).length;
  if (name === 'all') wrong = margins.length - early;
  const at = (share) => `${Math.round(margins[Math.ceil(share * margins.length) - 1] ?? margins[0])} ms`;
  rows.push([name, of.length, early, at(0), at(0.5), at(1)]);
  console.log(
    `${name.padEnd(12)} ${of.length} rounds: etcd expired it after the owner was notified in ${early}; by min ${at(0)}, median ${at(0.5)}, max ${at(1)}`,
  );
}

async function lose(round) {
  const proxies = await Promise.all(cluster.endpoints.map((target) => startFaultProxy({ target })));
  const client = new EtcdClient({ endpoints: proxies.map(({ endpoint }) => endpoint) });
  try {
    const ttlSeconds = 2 + (round % 4);
    const lease = await client.lease.hold({ ttlSeconds });
    const key = `campaign/${round}`;
    await client.kv.put(key, 'v', { lease: lease.id });
    await sleep(ttlSeconds * 1_000 * (0.5 + 1.5 * Math.random()));
    if (!lease.held) throw new Error(`round ${round}: lost before the fault`);
    const { name, fault } = faults[Math.floor(round / 4) % faults.length];
    for (const proxy of proxies) fault(proxy);
    const { reason } = await lease.ended;
    const notifiedAt = performance.now();
    const deadline = notifiedAt + 60_000;
    while (!goneAt.has(key)) {
      if (performance.now() > deadline) throw new Error(`round ${round}: etcd did not expire the lease`);
      await sleep(5);
    }
    return { fault: name, reason, marginMs: goneAt.get(key) - notifiedAt };
  } finally {
    await client.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}
