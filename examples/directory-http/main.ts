// The directory without gRPC: finds HTTP servers by name, and sends each request to the next one.
// Usage: node main.js [etcd endpoint]
import { EndpointPicker, EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { serveHttp, target } from './serve.js';

const [etcdEndpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [etcdEndpoint] });

const servers = [await serveHttp('one', client), await serveHttp('two', client)];

const directory = new ServiceDirectory(client);
const picker = new EndpointPicker(directory, target);
await picker.ready({ minEndpoints: 2 });

const answers = new Set<string>();
for (let request = 0; request < 4; request++) {
  const endpoint = picker.pick();
  try {
    const response = await fetch(`http://${endpoint.addr}/`, { headers: { connection: 'close' } });
    answers.add(await response.text());
  } catch (error) {
    endpoint.markUnhealthy();
    throw error;
  }
}
console.log(`answered by ${[...answers].sort().join(' and ')}`);
const { state, source } = directory.status(target);
console.log(`the directory's view is ${state}, and ${source}`);

picker.close();
await Promise.all(servers.map(({ drain }) => drain()));
await client.close();
