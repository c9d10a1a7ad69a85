#!/usr/bin/env node
// Where the first calls of new channels go with our policy, by weight, status and zone.
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import { EndpointManager, EtcdClient, registerEtcdResolver } from '../build/src/index.js';
import { startEtcd } from '../build/src/testing/index.js';

const help = `npm run campaign:first-calls -- [--channels 1000] [--burst 100] [--version 3.6.16]

Opens channels one after the other for each case, each with its own connections, and counts which server answers the
first call; then makes bursts on a tenth as many channels. Exit code 1 when a share is more than 5 percentage points off,
or a server that should receive no call does.`;

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '1000' },
    burst: { type: 'string', default: '100' },
    version: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit();
}
const channels = Number(values.channels);
const burst = Number(values.burst);

const tolerance = 0.05;
const cases = [
  {
    name: 'weights 3 and 1',
    servers: { a: { weight: 1 }, b: { weight: 3 } },
    wanted: { a: 0.25, b: 0.75 },
  },
  {
    name: 'one of three is draining',
    servers: { a: { status: 'draining' }, b: {}, c: {} },
    wanted: { b: 0.5, c: 0.5 },
  },
  {
    name: 'one of three has weight 0',
    servers: { a: { weight: 0 }, b: {}, c: {} },
    wanted: { b: 0.5, c: 0.5 },
  },
  {
    name: 'two zones',
    servers: { a: { zone: 'far' }, b: { zone: 'near' }, c: { zone: 'far' } },
    balance: { zone: 'near' },
    wanted: { b: 1 },
  },
  {
    name: 'only a draining server',
    servers: { a: { status: 'draining' } },
    wanted: { a: 1 },
  },
];

const toBytes = (text) => Buffer.from(text);
const toText = (bytes) => bytes.toString();
const method = {
  path: '/campaign.FirstCalls/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: toBytes,
  requestDeserialize: toText,
  responseSerialize: toBytes,
  responseDeserialize: toText,
};

const etcd = await startEtcd(values.version ? { version: values.version } : {});
console.log(`etcd ${etcd.version}, node ${process.version}; ${channels} new channels for each case`);
const client = new EtcdClient({ endpoints: etcd.endpoints });
let missed = 0;
for (const [i, testCase] of cases.entries()) {
  const service = `campaign/first-calls/${i}`;
  const manager = new EndpointManager(client, service);
  const servers = [];
  for (const [name, metadata] of Object.entries(testCase.servers)) {
    const { server, port } = await serve(name);
    servers.push(server);
    await manager.addEndpoint(`${service}/${name}`, { addr: `127.0.0.1:${port}`, metadata });
  }
  const resolver = registerEtcdResolver(client, { balance: testCase.balance ?? {} });
  await check(`${testCase.name}, first calls`, testCase.wanted, await firstCalls(service, channels, 1));
  const bursts = Math.ceil(channels / 10);
  const name = `${testCase.name}, first ${burst} concurrent calls on ${bursts} channels`;
  await check(name, testCase.wanted, await firstCalls(service, bursts, burst));
  resolver[Symbol.dispose]();
  for (const server of servers) server.forceShutdown();
}
await client.close();
await etcd.close();
process.exitCode = missed > 0 ? 1 : 0;

async function check(name, wanted, counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const off = [...new Set([...Object.keys(wanted), ...Object.keys(counts)])].filter((server) => {
    if (!(server in wanted)) return true;
    return Math.abs((counts[server] ?? 0) / total - wanted[server]) > tolerance;
  });
  if (off.length > 0) missed++;
  const shares = Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([server, count]) => `${server} ${count} (${((100 * count) / total).toFixed(1)} %)`);
  console.log(`${off.length > 0 ? 'MISSED' : 'ok    '} ${name}: ${shares.join(', ')}`);
}

async function firstCalls(service, count, calls) {
  const counts = {};
  for (let i = 0; i < count; i++) {
    const caller = new grpc.Client(`etcd:///${service}`, grpc.credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
    for (const name of await Promise.all(Array.from({ length: calls }, () => ask(caller))))
      counts[name] = (counts[name] ?? 0) + 1;
    caller.close();
  }
  return counts;
}

function ask(caller) {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 30_000 };
    caller.makeUnaryRequest(
      method.path,
      toBytes,
      toText,
      'who?',
      new grpc.Metadata(),
      options,
      (error, name) => (error ? reject(error) : resolve(name)),
    );
  });
}

function serve(name) {
  const server = new grpc.Server();
  server.addService({ ask: method }, { ask: (_call, reply) => reply(null, name) });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve({ server, port }),
    );
  });
}
