#!/usr/bin/env node
// npm run campaign:outage: etcd is stopped for minutes while a service is in use; then a process starts while it is
// down.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import {
  channelTarget,
  EtcdClient,
  fileSnapshotStore,
  registerEtcdResolver,
  registerServer,
  ServiceDirectory,
} from '../build/src/index.js';
import { startEtcd } from '../build/src/testing/index.js';
import { RECORD_HELP, recordProof, typedCommand } from '../build/test/support/proof.js';
import { bytesMethod, callBytesMethod } from './bytes-method.mjs';

const help = `npm run campaign:outage [-- options]

  --seconds <n>   how long etcd is stopped: default 300
  ${RECORD_HELP}

Three registered servers, and one caller that calls continuously. etcd is stopped for the given time and started again.
Prints the calls made and failed, the fewest endpoints in the caller's view, its age at the end, and the first calls of
a process that starts from its snapshot on disk while etcd is down. Exit code 1 when a call failed or the view emptied.`;

const method = bytesMethod('/campaign.Outage/Ask');
const target = 'campaign/outage';

if (process.env.COLD_START) await coldStart(JSON.parse(process.env.COLD_START));
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '300' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const seconds = Number(values.seconds);
  const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-outage-'));
  const etcd = await startEtcd();
  console.log(`etcd ${etcd.version}, stopped for ${seconds} s`);
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  const servers = await Promise.all([0, 1, 2].map(() => serve(client)));
  const directory = new ServiceDirectory(client, { snapshots: fileSnapshotStore(folder) });
  const resolver = registerEtcdResolver(directory);
  let fewest = Number.POSITIVE_INFINITY;
  const unfollow = directory.follow(target, {
    onView: ({ endpoints }) => {
      fewest = Math.min(fewest, endpoints.length);
    },
    onFailure: () => {},
  });
  await directory.ready(target, { minEndpoints: 3 });
  fewest = Number.POSITIVE_INFINITY;
  const caller = channel();
  const calls = { made: 0, failed: 0, stopped: false, slowest: 0 };
  const calling = Promise.all([0, 1, 2, 3].map(() => keepCalling(caller, calls)));
  await sleep(3_000);

  await etcd.stop();
  const began = performance.now();
  const madeBefore = calls.made;
  const cold = await inAnotherProcess({ folder, endpoints: etcd.endpoints });
  console.log(`cold start while etcd is down: ${cold}`);
  while (performance.now() - began < seconds * 1_000) {
    await sleep(Math.min(30_000, seconds * 1_000 - (performance.now() - began)));
    const { source, staleMs, endpoints, lastError } = directory.status(target);
    console.log(
      `${((performance.now() - began) / 1_000).toFixed(0)} s: ${calls.made - madeBefore} calls, ${calls.failed} failed; view from ${source}, ${(staleMs / 1_000).toFixed(0)} s old, ${endpoints} endpoints; ${lastError?.message.slice(0, 80) ?? ''}`,
    );
  }
  // From the start of its process: the restart waits until etcd answers, and the view may be live by then.
  const back = performance.now();
  await etcd.restart();
  while (directory.status(target).source !== 'live') await sleep(10);
  const liveAfter = `${(performance.now() - back).toFixed(0)} ms`;
  console.log(`live again ${liveAfter} after etcd was started`);
  await sleep(15_000); // longer than a registration's TTL: a record that is not renewed has expired
  calls.stopped = true;
  await calling;
  const ok = calls.failed === 0 && fewest === 3;
  console.log(
    `${calls.made} calls, ${calls.failed} failed, the slowest took ${calls.slowest.toFixed(0)} ms; never fewer than ${fewest} endpoints: ${ok ? 'ok' : 'FAILED'}`,
  );
  unfollow();
  caller.close();
  resolver[Symbol.dispose]();
  for (const { registration, server } of servers) {
    await registration.close();
    server.forceShutdown();
  }
  await client.close();
  await etcd.close();
  rmSync(folder, { recursive: true });
  const figures = {
    secondsDown: seconds,
    calls: calls.made,
    callsFailed: calls.failed,
    fewestEndpoints: fewest,
  };
  if (values.record)
    await recordProof('outage', {
      command: typedCommand('campaign:outage'),
      passed: ok,
      etcd: [etcd.version],
      figures: { ...figures, liveAfterRestart: liveAfter, coldStart: cold },
    });
  process.exitCode = ok ? 0 : 1;
}

/** A new process; etcd is down. */
async function coldStart({ folder, endpoints }) {
  const began = performance.now();
  const client = new EtcdClient({ endpoints });
  const directory = new ServiceDirectory(client, { snapshots: fileSnapshotStore(folder) });
  registerEtcdResolver(directory);
  const caller = channel();
  const answers = new Set();
  for (let i = 0; i < 30; i++) answers.add(await callBytesMethod(caller, method, 10_000));
  const took = performance.now() - began;
  const { source } = directory.status(target);
  process.send(
    `30 calls answered by ${answers.size} servers within ${took.toFixed(0)} ms, from ${source}`,
    () => process.exit(0),
  );
}

async function inAnotherProcess(options) {
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, COLD_START: JSON.stringify(options) },
  });
  const [text] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  return text;
}

async function serve(client) {
  const server = new grpc.Server();
  let name = '';
  server.addService({ ask: method }, { ask: (_call, reply) => reply(null, Buffer.from(name)) });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  name = String(port);
  const registration = await registerServer(server, client, { target, addr: `127.0.0.1:${port}` });
  return { server, registration };
}

function channel() {
  const { target: uri, options } = channelTarget(target);
  return new grpc.Client(uri, grpc.credentials.createInsecure(), options);
}

async function keepCalling(caller, calls) {
  while (!calls.stopped) {
    const began = performance.now();
    await callBytesMethod(caller, method, 10_000).catch(() => calls.failed++);
    calls.made++;
    calls.slowest = Math.max(calls.slowest, performance.now() - began);
    await sleep(5);
  }
}
