// HTTP servers by name with undici: one pool of connections for each server, and each request to the next one.
// Usage: node main.js [etcd endpoint]
import { EndpointPicker, EtcdClient, type PickedEndpoint } from '@org/etcd-naming';
import { Pool } from 'undici';
import { serveHttp, target } from '../directory-http/serve.js';

const [etcdEndpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [etcdEndpoint] });
const one = await serveHttp('one', client);
const two = await serveHttp('two', client);

const pools = new Map<PickedEndpoint, Pool>();
const picker = new EndpointPicker(client, target, {
  // An address is no longer registered: its pool ends after the requests in progress.
  onRemoved: (endpoint) => {
    void pools.get(endpoint)?.close();
    pools.delete(endpoint);
  },
});
await picker.ready({ minEndpoints: 2 });

function poolOf(endpoint: PickedEndpoint): Pool {
  const pool = pools.get(endpoint) ?? new Pool(`http://${endpoint.addr}`, { connect: { timeout: 2_000 } });
  pools.set(endpoint, pool);
  return pool;
}

/** Sends a GET, which may be repeated: after a failure to another server. */
async function get(path: string, attempts = 3): Promise<string> {
  const endpoint = picker.pick();
  try {
    const { body } = await poolOf(endpoint).request({ method: 'GET', path });
    return await body.text();
  } catch (error) {
    endpoint.markUnhealthy();
    if (attempts <= 1) throw error;
    return get(path, attempts - 1);
  }
}

/** Who answers so many requests, one after the other. */
async function answers(requests: number): Promise<string> {
  const counts = new Map<string, number>();
  for (let i = 0; i < requests; i++) {
    const name = await get('/');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort()
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

console.log(`answered by ${await answers(6)}`);
await one.kill(); // its record remains until its lease ends
console.log(`without the server one, whose record remains: ${await answers(6)}`);
await Promise.all([one.drain(), two.drain()]);
picker.close();
await client.close();
