// A server that ends on SIGTERM without losing a call. Usage: node main.js [etcd endpoint]
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });

const { server, port } = await serveGreeter('draining', 3_000); // longer than callers need to notice the drain
const registration = await registerServer(server, client, {
  target: 'examples/drain',
  addr: `127.0.0.1:${port}`,
});
console.log(`registered as ${registration.key}`);

process.once('SIGTERM', async () => {
  console.log('draining');
  await registration.drain(); // marks the record, deletes it, and waits for the calls in progress
  await client.close();
  console.log('drained');
});
