#!/usr/bin/env node
// node bench/leases.mjs: the cost of a renewal, compared with raw grpc-js and a stub of proto-loader on the same etcd.
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { EtcdClient } from '../dist/index.js';
import { loadProtocol } from '../dist/raw/index.js';
import { bigEtcd } from './support.mjs';

const { values } = parseArgs({
  options: {
    leases: { type: 'string', default: '1000' },
    ttl: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    version: { type: 'string' },
  },
});
const count = Number(values.leases);
const ttlSeconds = Number(values.ttl);
const windowMs = Number(values.seconds) * 1_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const etcd = await bigEtcd(values.version);
const endpoint = etcd.endpoints[0];
const renewed = () => etcd.metric('etcd_debugging_lease_renewed_total');

/** A stub, one stream and an interval per lease: a typical solution without a client library. */
async function raw() {
  const { etcdserverpb } = loadPackageDefinition(await loadProtocol());
  const client = new etcdserverpb.Lease(endpoint, credentials.createInsecure());
  const ids = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) =>
          client.LeaseGrant({ TTL: ttlSeconds }, (error, answer) =>
            error ? reject(error) : resolve(answer.ID),
          ),
        ),
    ),
  );
  const stream = client.LeaseKeepAlive();
  const deadlines = new Map();
  stream.on('data', ({ ID, TTL }) => deadlines.set(ID, performance.now() + TTL * 1_000));
  stream.on('error', () => {});
  const timers = ids.map((ID, i) => {
    const timer = { stop: undefined };
    const start = setTimeout(
      () => {
        const interval = setInterval(() => stream.write({ ID }), (ttlSeconds * 1_000) / 3);
        timer.stop = () => clearInterval(interval);
        stream.write({ ID });
      },
      (i / count) * ((ttlSeconds * 1_000) / 3),
    );
    timer.stop = () => clearTimeout(start);
    return timer;
  });
  return {
    async stop() {
      for (const timer of timers) timer.stop();
      stream.cancel();
      await Promise.all(ids.map((ID) => new Promise((resolve) => client.LeaseRevoke({ ID }, resolve))));
      client.close();
    },
  };
}

async function ours() {
  const client = new EtcdClient({ endpoints: [endpoint] });
  const leases = await Promise.all(Array.from({ length: count }, () => client.lease.hold({ ttlSeconds })));
  return {
    async stop() {
      const lost = leases.filter(({ held }) => !held).length;
      if (lost > 0) console.log(`${lost} leases were lost`);
      await Promise.all(leases.map((lease) => lease.revoke()));
      await client.close();
    },
  };
}

const results = { raw: [], ours: [] };
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const [name, start] of Object.entries({ raw, ours })) {
    const running = await start();
    await sleep(ttlSeconds * 1_000);
    const first = await renewed();
    const cpu = process.cpuUsage();
    await sleep(windowMs);
    const { user, system } = process.cpuUsage(cpu);
    const renewals = (await renewed()) - first;
    const each = (user + system) / renewals;
    results[name].push(each);
    console.log(
      `round ${round}, ${name.padEnd(4)} ${renewals} renewals of ${count} leases: ${each.toFixed(1)} µs of CPU each`,
    );
    await running.stop();
  }
}
const median = (of) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)];
const [rawEach, oursEach] = [median(results.raw), median(results.ours)];
console.log(
  `median: raw ${rawEach.toFixed(1)} µs, ours ${oursEach.toFixed(1)} µs per renewal: ${(oursEach / rawEach).toFixed(2)} of raw`,
);
await etcd.close();
