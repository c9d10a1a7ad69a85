// The directory without gRPC: finds HTTP servers by name, and sends each request to the next one.
// Usage: node main.js [etcd endpoint]
import { EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { serveHttp, target } from './serve.js';

const [etcdEndpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [etcdEndpoint] });

const servers = [await serveHttp('one', client), await serveHttp('two', client)];

const directory = new ServiceDirectory(client);
const unfollow = directory.follow(target, { onView: () => {}, onFailure: () => {} }); // keeps the view up to date
await directory.ready(target, { minEndpoints: 2 });

const answers = new Set<string>();
for (let turn = 0; turn < 4; turn++) {
  const endpoints = directory.get(target)?.endpoints ?? [];
  const endpoint = endpoints[turn % endpoints.length];
  const response = await fetch(`http://${endpoint?.addr}/`, { headers: { connection: 'close' } });
  answers.add(await response.text());
}
console.log(`answered by ${[...answers].sort().join(' and ')}`);
const { state, source } = directory.status(target);
console.log(`the directory's view is ${state}, and ${source}`);

unfollow();
await Promise.all(servers.map(({ drain }) => drain()));
await client.close();
