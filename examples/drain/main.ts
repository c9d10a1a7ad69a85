// A server that loses no call when it is stopped: `node main.js [etcd endpoint]`, then SIGTERM.
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });

const { server, port } = await serveGreeter('draining', 3_000); // an answer takes longer than callers do to notice
const registration = await registerServer(server, client, {
  target: 'examples/drain',
  addr: `127.0.0.1:${port}`,
});
console.log(`registered as ${registration.key}`);

process.once('SIGTERM', async () => {
  console.log('draining');
  await registration.drain(); // marks it, deletes it, and waits for the calls under way
  await client.close();
  console.log('drained');
});
