#!/usr/bin/env node
// npm run campaign:departures: is the reason that is given for a departure the true one?
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServer } from '../bench/ui/server.mjs';
import { EtcdClient, encodeEndpoint } from '../build/src/index.js';
import { startEtcd, startFaultProxy } from '../build/src/testing/index.js';
import { recordProof, typedCommand } from '../build/test/support/proof.js';
import { faults } from './departures/faults.mjs';
import { observeDirectory, observeStream } from './departures/observers.mjs';
import { prefix, schedule, targets } from './departures/schedule.mjs';
import { summarize, unknownShare, verdictOf } from './departures/verdict.mjs';

const help = `npm run campaign:departures [-- options]

  --departures <n>  number of departures: default 200
  --seed <n>        determines what leaves how and when: default random, printed
  --record          write the figures to docs/proof, for the page docs/proof.md

Endpoints leave in random ways, in waves of 12: their leases expire or are revoked, their records are deleted, they drain,
their processes are killed. During some waves etcd is restarted or wiped, or the observers are cut off until a compaction. Compares the reasons that the
event stream of 'etcd-naming ui' and ServiceDirectory.departures() give with the true ones. Exit code 1 if a reason is
wrong or missing, or if more than 10 % of the deletes and lease ends on a healthy etcd are unknown.`;

const { values } = parseArgs({
  options: {
    departures: { type: 'string', default: '200' },
    seed: { type: 'string' },
    record: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const reportedWithinMs = 60_000;

const etcd = await startEtcd();
const client = new EtcdClient({ endpoints: etcd.endpoints });
console.log(`etcd ${etcd.version}, ${values.departures} departures, seed ${seed}`);
const proxy = await startFaultProxy({ target: etcd.endpoints[0] });
await putKeepers();
const server = await startServer({ etcd: [proxy.endpoint], prefix, probe: false });
const { headers } = await server.openSession();
const page = await observeStream({ origin: server.origin, headers });
const directoryClient = new EtcdClient({ endpoints: [proxy.endpoint] });
const directory = await observeDirectory(directoryClient, targets);
const results = [];
try {
  for (const wave of schedule(seed, Number(values.departures))) await run(wave);
} finally {
  await page.close();
  await directory.close();
  await directoryClient.close();
  await client.close();
  await server.stop();
  await proxy.close();
  await etcd.close();
}
await report();

async function run(wave) {
  const leaving = await Promise.all(
    wave.departures.map(async (departure) => {
      const leave = await departure.kind.arrive(client, departure.endpoint, { etcd: etcd.endpoints });
      return { ...departure, leave };
    }),
  );
  await until(
    () => leaving.every(({ endpoint: { key } }) => page.hasSeen(key)),
    'the page to show the endpoints',
  );
  const leaveAll = () =>
    Promise.all(
      leaving.map(async ({ afterMs, leave }) => {
        await sleep(afterMs);
        await leave();
      }),
    );
  await faults[wave.fault]({ ...wave, leaveAll }, { etcd, client, proxy, putKeepers });
  await until(() => leaving.every(isReported)).catch(() => {}); // judged as missing
  await sleep(500); // for a second departure, which would be wrong
  results.push(...leaving.map((departure) => judge(departure, wave.fault)));
  console.log(`${results.length} departures`);
}

async function until(holds, what) {
  const deadline = performance.now() + reportedWithinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${reportedWithinMs / 1_000} s for ${what}`);
    await sleep(50);
  }
}

/** An endpoint of each service that stays: a directory protects the endpoints of a service that would become empty. */
async function putKeepers() {
  for (const [i, target] of targets.entries())
    await client.kv.put(`${target}/keeper`, encodeEndpoint({ addr: `10.0.0.${i}:50051` }));
}

function isReported({ endpoint: { key } }) {
  return [page, directory].every((observer) => observer.of(key).some((reason) => reason !== undefined));
}

function judge({ kind, endpoint: { key } }, fault) {
  const stated = { page: page.of(key), directory: directory.of(key) };
  const verdicts = {
    page: verdictOf(kind.expected, stated.page),
    directory: verdictOf(kind.expected, stated.directory),
  };
  for (const [observer, verdict] of Object.entries(verdicts))
    if (verdict === 'wrong' || verdict === 'missing')
      console.log(
        `${verdict.toUpperCase()} ${key} (${kind.name}): the ${observer} says ${stated[observer].join(', ') || 'nothing'}`,
      );
  return { kind, fault, verdicts };
}

async function report() {
  const cells = ({ right, unknown, wrong, missing }) => `${right} | ${unknown} | ${wrong} | ${missing}`;
  console.log(
    '\n| What happened | True reason | Departures | Page: right | unknown | wrong | missing | Directory: right | unknown | wrong | missing |',
  );
  console.log(`|${'---|'.repeat(11)}`);
  for (const row of summarize(results))
    console.log(
      `| ${row.name} | ${row.expected} | ${row.count} | ${cells(row.page)} | ${cells(row.directory)} |`,
    );
  const observers = ['page', 'directory'];
  const bad = results
    .flatMap(({ verdicts }) => Object.values(verdicts))
    .filter((one) => ['wrong', 'missing'].includes(one));
  const shares = observers.map((observer) => unknownShare(results, observer));
  console.log(
    `\n${bad.length} wrong or missing; unknown of the deletes and lease ends on a healthy etcd: ${observers.map((name, i) => `${name} ${(100 * shares[i]).toFixed(1)} %`).join(', ')}`,
  );
  const passed = bad.length === 0 && shares.every((share) => share <= 0.1);
  if (values.record) await record(passed, bad.length, shares);
  process.exitCode = passed ? 0 : 1;
}

function record(passed, wrongOrMissing, [page, directory]) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return recordProof('departures', {
    command: typedCommand('campaign:departures'),
    passed,
    etcd: [etcd.version],
    figures: {
      departures: results.length,
      wrongOrMissing,
      unknownOnThePage: percent(page),
      unknownInTheDirectory: percent(directory),
    },
  });
}
