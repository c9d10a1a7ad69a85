// Registrations of endpoints: a lease, a record and a watch of its key for each.
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient, register } from '../../dist/index.js';
import { ask, stubs } from '../contestants/raw.mjs';
import { keepRenewing } from '../contestants/renewals.mjs';
import { metric } from './metric.mjs';

const ttlSeconds = 10;

/** By contestant: opens a connection. Its `register` resolves when the record of an address is stored. */
export const registrars = { raw: registrarRaw, ours: registrarOurs };

/** Resolves when etcd has this number of watchers more than before. */
export async function watchersMore(address, count, before) {
  while ((await watchers(address)) < before + count) await sleep(5);
}

/** The number of watchers that etcd has. */
export function watchers(address) {
  return metric(address, 'etcd_debugging_mvcc_watcher_total');
}

function registrarOurs(address) {
  const client = new EtcdClient({ endpoints: [address] });
  return {
    register: (target, addr) => register(client, { target, addr, ttlSeconds }),
    close: () => client.close(),
  };
}

/** Without what a registration adds: it neither looks at its watch nor registers again. */
function registrarRaw(address) {
  const { KV, Watch, Lease } = stubs(address);
  const watch = Watch.Watch();
  const renewals = Lease.LeaseKeepAlive();
  const ids = [];
  let stop = () => {};
  for (const stream of [watch, renewals]) stream.on('error', () => {}).on('data', () => {});
  return {
    async register(target, addr) {
      const { ID } = await ask(Lease, 'LeaseGrant', { TTL: ttlSeconds });
      ids.push(ID);
      const key = Buffer.from(`${target}/${addr}`);
      const value = Buffer.from(JSON.stringify({ Op: 0, Addr: addr, Metadata: null }));
      const isAbsent = { result: 'EQUAL', target: 'CREATE', key, create_revision: '0' };
      const { header } = await ask(KV, 'Txn', {
        compare: [isAbsent],
        success: [{ request_put: { key, value, lease: ID } }],
        failure: [{ request_range: { key } }],
      });
      watch.write({ create_request: { key, start_revision: String(BigInt(header.revision) + 1n) } });
    },
    /** Keeps the leases alive from now on: their timers are spread as if the leases had been granted over time. */
    registered() {
      stop = keepRenewing(ids, ttlSeconds, (ID) => renewals.write({ ID }));
    },
    close() {
      stop();
      for (const stream of [watch, renewals]) stream.cancel();
      for (const stub of [KV, Watch, Lease]) stub.close();
    },
  };
}
