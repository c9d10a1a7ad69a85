// A cluster with the company's services, locks and elections in it.
import { EtcdClient } from '../../build/src/index.js';
import { startEtcdCluster } from '../../build/src/testing/index.js';
import { companyRecords } from './company.mjs';

/** Starts three members and registers the company's services, each instance with a lease that is kept alive. */
export async function startCompany() {
  const cluster = await startEtcdCluster({ members: 3 });
  const client = new EtcdClient({ endpoints: cluster.endpoints });
  await register(client);
  await queue(client);
  return {
    cluster,
    client,
    async close() {
      await client.close();
      await cluster.close();
    },
  };
}

async function register(client) {
  for (const { key, value } of companyRecords()) {
    const lease = await client.lease.hold({ ttlSeconds: 30 });
    await client.kv.put(key, value, { lease: lease.id });
  }
  await client.kv.put(
    'shop/catalog/legacy-host',
    '{"Op":0,"Addr":"192.168.10.4:9000","Metadata":{"zone":"dc-1","note":"until the move"}}',
  );
}

/** Two locks and two elections, with waiters. They end with the client. */
async function queue(client) {
  for (const [name, size] of [
    ['jobs/nightly-settlement', 3],
    ['jobs/reindex-search', 1],
  ]) {
    await client.lock(name, { ttlSeconds: 30 });
    for (let i = 1; i < size; i++) client.lock(name, { ttlSeconds: 30 }).catch(() => {});
  }
  for (const name of ['leaders/scheduler', 'leaders/price-import'])
    for (const host of ['worker-1', 'worker-2', 'worker-3']) await campaign(client, name, host);
}

/** Enters an election, and resolves when the first candidate leads or a later one waits. */
async function campaign(client, name, value) {
  const before = await candidates(client, name);
  const terms = client.election.campaign(name, value, { ttlSeconds: 30 });
  (async () => {
    for await (const _ of terms);
  })().catch(() => {});
  while ((await candidates(client, name)) === before) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function candidates(client, name) {
  return (await client.kv.range({ prefix: `${name}/` }, { limit: 1 })).count;
}
