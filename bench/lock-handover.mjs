#!/usr/bin/env node
// npm run bench:lock: the time from the release of a lock to its next holder, and the requests that it takes.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildGo, GoMissingError } from '../build/test/interop/support/go-build.js';
import { EtcdClient } from '../dist/index.js';
import { startEtcd } from '../dist/testing.js';
import { installPeers } from './harness/peers.mjs';
import { median, percentile } from './harness/statistics.mjs';
import { Contestant, commandOf } from './lock/contestant.mjs';
import { noQueue, Queue } from './lock/queue.mjs';
import { requestsBetween, totalOf } from './lock/requests.mjs';
import { machineLine } from './support.mjs';

const help = `npm run bench:lock -- [options]

  --waiters LIST      how many wait for the lock (default 1,10,1000)
  --contestants LIST  of ours, go and etcd3 (default all; go is left out without a Go toolchain)
  --rounds N          rounds, each with a new process for each contestant (default 3)
  --handovers N       timed handovers of a round (default 20)

All holders and waiters of a contestant are in one process, which measures from before the release until the next holder
knows that it holds the lock. After each handover another waiter is added, so that their number stays the same. The
requests are those that etcd has received during some more handovers, without renewals of leases and without the requests
of the added waiter. etcd3's lock does not wait: its waiters try again every 100 ms on average, so its requests depend on
the time and are not reported.`;

const names = { ours: 'this package', go: "Go's concurrency.Mutex", etcd3: 'etcd3 (tries again)' };
const ttlSeconds = 60;
/** Handovers whose requests are counted, with a pause around each. */
const countedHandovers = 5;
const lockName = 'bench/lock';
/** A thousand waiters of etcd3 would send more requests than an etcd on one core serves. */
const mostPolling = 10;

const { values } = parseArgs({
  options: {
    waiters: { type: 'string', default: '1,10,1000' },
    contestants: { type: 'string', default: 'ours,go,etcd3' },
    rounds: { type: 'string', default: '3' },
    handovers: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(help);
else await main();

async function main() {
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  const sizes = values.waiters.split(',').map(Number);
  const [rounds, handovers] = [values.rounds, values.handovers].map(Number);
  const commands = await commandsOf(values.contestants.split(','));
  console.log(`${machineLine()}; ${rounds} rounds of ${handovers} handovers`);
  for (const waiters of sizes) {
    const chosen = commands.filter(([kind]) => kind !== 'etcd3' || waiters <= mostPolling);
    const results = new Map(chosen.map(([kind]) => [kind, []]));
    for (let round = 0; round < rounds; round++) {
      // Every other round is in reverse order, as in npm run bench.
      for (const [kind, command] of round % 2 === 0 ? chosen : chosen.toReversed())
        results.get(kind).push(await measure({ kind, command, waiters, handovers }));
    }
    report(waiters, results);
  }
}

async function commandsOf(kinds) {
  const unknown = kinds.find((kind) => !(kind in names));
  if (unknown) throw new Error(`unknown contestant '${unknown}': one of ${Object.keys(names).join(', ')}`);
  if (kinds.includes('etcd3')) await installPeers();
  const commands = [];
  for (const kind of kinds) {
    const go = kind === 'go' ? await goMutex() : undefined;
    if (kind !== 'go' || go) commands.push([kind, commandOf(kind, go)]);
  }
  return commands;
}

async function goMutex() {
  try {
    return await buildGo('bench-go-mutex', fileURLToPath(new URL('lock/go-mutex', import.meta.url)));
  } catch (error) {
    if (!(error instanceof GoMissingError)) throw error;
    console.log(`without Go's mutex: ${error.message}`);
    return undefined;
  }
}

/** One round, on an etcd of its own: leases that a former round left behind would expire during this one. */
async function measure({ kind, command, waiters, handovers }) {
  const etcd = await startEtcd();
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const contestant = new Contestant(command, [etcd.endpoints[0], lockName, String(ttlSeconds)]);
  try {
    await contestant.wait();
    await contestant.first();
    const queue = kind === 'etcd3' ? noQueue : new Queue(etcd, client, lockName, waiters + 1);
    for (let i = 0; i < waiters; i++) await contestant.wait();
    await queue.full();
    const times = [];
    while (times.length < handovers) {
      times.push(await contestant.handover());
      await contestant.wait();
      await queue.full();
    }
    const requests = [];
    while (requests.length < countedHandovers && kind !== 'etcd3') {
      const before = await queue.settled();
      await contestant.handover();
      requests.push(requestsBetween(before, await queue.settled()));
      await contestant.wait();
      await queue.full();
    }
    return { times, requests, version: etcd.version };
  } finally {
    await contestant.close();
    await client.close();
    await etcd.close();
  }
}

function report(waiters, results) {
  console.log(`\n${waiters} ${waiters === 1 ? 'waiter' : 'waiters'}`);
  for (const [kind, rounds] of results) {
    const [p50, p99] = [0.5, 0.99].map((share) =>
      median(rounds.map(({ times }) => percentile(times, share))),
    );
    console.log(`  ${names[kind].padEnd(24)} p50 ${ms(p50)} ms  p99 ${ms(p99)} ms  ${requestsText(rounds)}`);
  }
}

function requestsText(rounds) {
  const all = rounds.flatMap(({ requests }) => requests);
  if (all.length === 0) return '';
  const methods = [...new Set(all.flatMap((one) => [...one.keys()]))].sort();
  const parts = methods.map((method) => `${method} ${median(all.map((one) => one.get(method) ?? 0))}`);
  return `requests ${median(all.map(totalOf))} (${parts.join(', ')})`;
}

function ms(value) {
  return value.toFixed(2).padStart(7);
}
