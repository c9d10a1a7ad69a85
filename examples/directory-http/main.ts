// The directory without gRPC: plain HTTP servers by their name, each request to another. `node main.js [etcd endpoint]`
import { EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { serveHttp, target } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });

const servers = [await serveHttp('one', client), await serveHttp('two', client)];

const directory = new ServiceDirectory(client);
const following = directory.follow(target, { onView: () => {}, onFailure: () => {} }); // keeps it current
await directory.ready(target, { minEndpoints: 2 });

const answers = new Set<string>();
for (let turn = 0; turn < 4; turn++) {
  const endpoints = directory.get(target)?.endpoints ?? [];
  const chosen = endpoints[turn % endpoints.length];
  const response = await fetch(`http://${chosen?.addr}/`, { headers: { connection: 'close' } });
  answers.add(await response.text());
}
console.log(`answered by ${[...answers].sort().join(' and ')}`);
const { state, source } = directory.status(target);
console.log(`the directory's view is ${state}, and ${source}`);

following();
await Promise.all(servers.map(({ drain }) => drain()));
await client.close();
