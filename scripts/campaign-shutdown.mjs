#!/usr/bin/env node
// npm run campaign:shutdown: etcd is stopped gracefully, repeatedly, while services are in use.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import {
  channelTarget,
  EtcdClient,
  register,
  registerEtcdResolver,
  ServiceDirectory,
} from '../build/src/index.js';
import { startEtcd, startEtcdCluster } from '../build/src/testing/index.js';
import { recordProof, typedCommand } from '../build/test/support/proof.js';
import { bytesMethod } from './bytes-method.mjs';

const help = `npm run campaign:shutdown [-- options]

  --rounds <n>          rounds of each scenario: default 20
  --members <1|3>       only with one member, or with three that are stopped simultaneously
  --leases <n>          number of endpoints, each with its own lease, which expire one by one
  --loss-threshold <f>  the directory's option: default 1, or 0.5 with more than 10 leases
  --ttl <seconds>       TTL of the leases, and the protection time: default 3
  --version <v>         the release of etcd; default: the first that is found
  --record              write the figures to docs/proof, for the page docs/proof.md

Without --members and --leases there are three scenarios: one member with 3 leases, three members with 3, one member
with 100. In each round all members receive SIGTERM simultaneously, stay down for a second and are started again, while
every server runs and four callers, through the resolver and with their own client, call continuously. Prints per round
the expired leases, the fewest endpoints in the callers' view, the calls made and failed, and the time from etcd's
restart until the view shows exactly the stored records. Exit code 1 when a call failed, the view emptied, or it was not
correct within 60 s.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    members: { type: 'string' },
    leases: { type: 'string' },
    'loss-threshold': { type: 'string' },
    ttl: { type: 'string', default: '3' },
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
const ttlSeconds = Number(values.ttl);
const timeoutMs = 60_000;
const method = bytesMethod('/campaign.Shutdown/Ask');

let failed = false;
const releases = new Set();
const concluded = [];
for (const scenario of scenarios()) await runScenario(scenario);
if (values.record) await record();
process.exitCode = failed ? 1 : 0;

function scenarios() {
  if (values.members === undefined && values.leases === undefined)
    return [
      { members: 1, leases: 3 },
      { members: 3, leases: 3 },
      { members: 1, leases: 100 },
    ];
  return [{ members: Number(values.members ?? 1), leases: Number(values.leases ?? 3) }];
}

async function runScenario({ members, leases }) {
  const etcd = await start(members);
  releases.add(etcd.version);
  const lossThreshold = Number(values['loss-threshold'] ?? (leases > 10 ? 0.5 : 1));
  console.log(
    `etcd ${etcd.version}, ${members} member${members > 1 ? 's' : ''}, ${leases} leases of ${ttlSeconds} s, lossThreshold ${lossThreshold}`,
  );
  const target = `campaign/shutdown-${members}-${leases}`;
  const owner = new EtcdClient({ endpoints: etcd.endpoints });
  const { server, addrs } = await serve(leases);
  const registrations = [];
  // Spread over one renewal interval, so that they expire one by one.
  for (const addr of addrs) {
    registrations.push(await register(owner, { target, addr, ttlSeconds }));
    await sleep((ttlSeconds * 1_000) / 3 / leases);
  }
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const result = await runRound(etcd, target, registrations, lossThreshold);
    results.push(result);
    const { expired, least, made, lost, correctMs } = result;
    const took = correctMs === undefined ? 'not within 60 s' : `${correctMs.toFixed(0)} ms`;
    console.log(
      `  round ${round}: ${expired} leases expired, fewest endpoints ${least}, ${made} calls, ${lost.length} failed; correct after ${took}${lost[0] ? `; ${lost[0]}` : ''}`,
    );
  }
  conclude(`members ${members}, leases ${leases}`, results);
  await Promise.all(registrations.map((registration) => registration.close()));
  server.forceShutdown();
  await owner.close();
  await etcd.close();
}

function conclude(scenario, results) {
  const times = results.map(({ correctMs }) => correctMs ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const sum = (of) => results.reduce((total, result) => total + of(result), 0);
  const least = Math.min(...results.map((result) => result.least));
  const expired = sum((result) => result.expired);
  const made = sum((result) => result.made);
  const lost = sum((result) => result.lost.length);
  const ok = lost === 0 && least > 0 && times.every(Number.isFinite);
  if (!ok) failed = true;
  const median = `${times[Math.floor((times.length - 1) / 2)].toFixed(0)} ms`;
  const max = `${times.at(-1).toFixed(0)} ms`;
  concluded.push({ scenario, rounds: results.length, expired, least, made, lost, median, max });
  console.log(
    `${ok ? 'ok    ' : 'FAILED'} ${results.length} rounds: ${expired} leases expired, fewest endpoints ${least}, ${made} calls, ${lost} failed; correct after median ${median}, max ${max}`,
  );
}

function record() {
  const sum = (name) => concluded.reduce((total, one) => total + one[name], 0);
  return recordProof('shutdown', {
    command: typedCommand('campaign:shutdown'),
    passed: !failed,
    etcd: [...releases],
    figures: {
      shutdowns: sum('rounds'),
      leasesExpired: sum('expired'),
      calls: sum('made'),
      callsFailed: sum('lost'),
    },
    tables: {
      scenarios: {
        columns: ['Scenario', 'Rounds', 'Expired', 'Fewest endpoints', 'Calls', 'Failed', 'Median', 'Max'],
        rows: concluded.map(Object.values),
      },
    },
  });
}

/** The callers are new in each round: their watch has not just reconnected, so every loss is observed live. */
async function runRound(etcd, target, registrations, lossThreshold) {
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const directory = new ServiceDirectory(client, {
    lossProtection: { lossThreshold, protectionMs: ttlSeconds * 1_000 },
  });
  const resolver = registerEtcdResolver(directory);
  await directory.ready(target, { minEndpoints: registrations.length });
  let least = registrations.length;
  const unfollow = directory.follow(target, {
    onView: ({ endpoints }) => {
      least = Math.min(least, endpoints.length);
    },
    onFailure: () => {},
  });
  const caller = channel(target);
  const calls = { made: 0, lost: [], stopped: false };
  const calling = Promise.all([0, 1, 2, 3].map(() => keepCalling(caller, calls)));
  await until(() => calls.made > 20 && directory.status(target).source === 'live');
  await sleep(ttlSeconds * 1_000);
  const before = registrations.map(({ lease }) => lease);
  await Promise.all(etcd.nodes.map((node) => node.stop()));
  await sleep(1_000);
  await Promise.all(etcd.nodes.map((node) => node.restart()));
  const back = performance.now();
  const isCorrect = await until(() => shows(directory.get(target), registrations));
  const correctMs = isCorrect ? performance.now() - back : undefined;
  const expired = registrations.filter(({ lease }, i) => lease !== before[i]).length;
  await sleep(ttlSeconds * 1_000); // a record that is not renewed has expired
  calls.stopped = true;
  await calling;
  unfollow();
  caller.close();
  resolver[Symbol.dispose]();
  await directory.close();
  await client.close();
  return { expired, least, made: calls.made, lost: calls.lost, correctMs };
}

function shows(view, registrations) {
  if (!view || view.unconfirmed.size > 0 || view.endpoints.length !== registrations.length) return false;
  const leases = new Set(view.endpoints.map(({ lease }) => lease));
  return registrations.every(({ state, lease }) => state === 'registered' && leases.has(lease));
}

async function until(condition) {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

async function start(members) {
  const options = values.version ? { version: values.version } : {};
  if (members === 1) {
    const etcd = await startEtcd(options);
    return { version: etcd.version, endpoints: etcd.endpoints, nodes: [etcd], close: () => etcd.close() };
  }
  const cluster = await startEtcdCluster({ ...options, members });
  const { version, endpoints, members: nodes } = cluster;
  return { version, endpoints, nodes, close: () => cluster.close() };
}

/** One server with a port per endpoint. */
async function serve(count) {
  const server = new grpc.Server();
  server.addService({ ask: method }, { ask: (_call, reply) => reply(null, Buffer.alloc(0)) });
  const addrs = [];
  for (let i = 0; i < count; i++) {
    const port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    addrs.push(`127.0.0.1:${port}`);
  }
  return { server, addrs };
}

function channel(target) {
  const { target: uri, options } = channelTarget(target);
  return new grpc.Client(uri, grpc.credentials.createInsecure(), options);
}

async function keepCalling(caller, calls) {
  while (!calls.stopped) {
    await ask(caller).catch((error) => calls.lost.push(error.message));
    calls.made++;
    await sleep(5);
  }
}

function ask(caller) {
  return new Promise((resolve, reject) => {
    const deadline = { deadline: Date.now() + 10_000 };
    caller.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      Buffer.alloc(0),
      deadline,
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}
