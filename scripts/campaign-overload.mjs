#!/usr/bin/env node
// npm run campaign:overload: how often one client with a thousand waiting calls sends requests to a server that rejects
// them.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import { EtcdClient } from '../build/src/index.js';
import { startEtcd, startFaultProxy } from '../build/src/testing/index.js';
import { bytesMethod } from './bytes-method.mjs';

const help = `npm run campaign:overload [-- options]

  --callers <n>   concurrent calls: default 1000
  --seconds <n>   how long the server rejects calls: default 8
  --outage <n>    how long etcd is stopped, in seconds: default 2
  --version <v>   the release of etcd; default: the first that is found

Four parts. A server answers every call of one client with UNAVAILABLE, then with "too many requests"; then a port
resets every connection. Prints the requests (or connections) per second, and after the recovery the number of failed
calls and the time until the last one was answered. In the fourth part etcd is stopped and started again with as many
readers with deadlines of 10 s. Exit code 1 when a call failed.`;

const { values } = parseArgs({
  options: {
    callers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    outage: { type: 'string', default: '2' },
    version: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const callers = Number(values.callers);
const seconds = Number(values.seconds);
let failed = 0;

/** An answer with only etcd's header: cluster, member, revision and term are 1. */
const header = Buffer.from('0a080801100118012001', 'hex');
const { UNAVAILABLE, RESOURCE_EXHAUSTED } = grpc.status;
const get = (client, options) => client.kv.get('k', options);
const put = (client, options) => client.kv.put('k', 'v', options);
await refusing('UNAVAILABLE', { code: UNAVAILABLE, details: 'no backend' }, get);
const tooMany = { code: RESOURCE_EXHAUSTED, details: 'etcdserver: too many requests' };
await refusing('too many requests', tooMany, put);
const etcd = await startEtcd(values.version ? { version: values.version } : {});
await resetting();
await outage();
await etcd.close();
process.exit(failed === 0 ? 0 : 1);

async function refusing(name, refusal, call) {
  let count = 0;
  let healthy = false;
  const server = await serve((reply) => {
    count++;
    reply(healthy ? null : refusal, header);
  });
  const client = new EtcdClient({ endpoints: [server.endpoint] });
  const end = waiting((options) => call(client, options));
  const perSecond = await counted(() => count);
  healthy = true;
  const before = count;
  const report = await end();
  console.log(
    `${name}: ${perSecond.join(' ')} requests per second, the first with the first attempts of all;`,
  );
  console.log(`  then ${count - before} until all were answered; ${report}`);
  await client.close();
  server.close();
}

async function resetting() {
  const proxy = await startFaultProxy({ target: etcd.endpoints[0].replace(/^\w+:\/\//, '') });
  const client = new EtcdClient({ endpoints: [proxy.endpoint] });
  await client.kv.get('k');
  proxy.refuse();
  const end = waiting((options) => get(client, options));
  const perSecond = await counted(() => proxy.accepted);
  proxy.heal();
  console.log(`connections reset: ${perSecond.join(' ')} connections per second; ${await end()}`);
  await client.close();
  await proxy.close();
}

async function outage() {
  const client = new EtcdClient({ endpoints: etcd.endpoints });
  await client.kv.put('k', 'v');
  const reads = { made: 0, failed: 0, slowest: 0, stopped: false };
  const reading = Promise.all(Array.from({ length: callers }, () => keepReading(client, reads)));
  await sleep(1_000);
  const before = reads.made;
  await etcd.kill();
  await sleep(Number(values.outage) * 1_000);
  const during = reads.made - before;
  await etcd.restart();
  const back = performance.now();
  while (reads.made < before + during + callers) await sleep(10);
  const backMs = performance.now() - back;
  await sleep(2_000);
  reads.stopped = true;
  await reading;
  failed += reads.failed;
  console.log(
    `etcd ${etcd.version} down for ${values.outage} s with ${callers} readers with deadlines of 10 s: ${reads.failed} of ${reads.made} reads failed, the slowest took ${ms(reads.slowest)}; ${callers} were answered within ${ms(backMs)} of its restart`,
  );
  await client.close();
}

async function keepReading(client, reads) {
  while (!reads.stopped) {
    const began = performance.now();
    await client.kv.get('k', { timeoutMs: 10_000 }).catch((error) => {
      if (reads.failed++ === 0) console.log(`  ${error.message}`);
    });
    reads.made++;
    reads.slowest = Math.max(reads.slowest, performance.now() - began);
    await sleep(20);
  }
}

/** Makes all calls concurrently; the returned function waits for them and returns a report. */
function waiting(call) {
  const options = { timeoutMs: (seconds + 10) * 1_000 };
  const results = { failed: 0 };
  const all = Promise.all(
    Array.from({ length: callers }, () =>
      call(options).catch((error) => {
        if (results.failed++ === 0) console.log(`  ${error.message}`);
      }),
    ),
  );
  return async () => {
    const began = performance.now();
    await all;
    failed += results.failed;
    return `${results.failed} of ${callers} calls failed, the last was answered ${ms(performance.now() - began)} after the recovery`;
  };
}

/** The increase of a count in each second. */
async function counted(count) {
  const perSecond = [];
  for (let last = count(); perSecond.length < seconds; ) {
    await sleep(1_000);
    perSecond.push(count() - last);
    last = count();
  }
  return perSecond;
}

/** A server that answers Range and Put with a function. */
async function serve(answer) {
  const method = (name) => bytesMethod(`/etcdserverpb.KV/${name}`);
  const server = new grpc.Server();
  const handler = (_call, reply) => answer(reply);
  server.addService({ range: method('Range'), put: method('Put') }, { range: handler, put: handler });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { endpoint: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function ms(time) {
  return `${Math.round(time)} ms`;
}
