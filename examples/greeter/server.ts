// A greeter in a process of its own, which is registered while it runs. Start several: client.js calls all of them.
// Usage: node server.js [etcd endpoint]. Ctrl-C or SIGTERM drains it.
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });

const { server, port } = await serveGreeter(`server ${process.pid}`);
const registration = await registerServer(server, client, {
  target: 'examples/greeter',
  addr: `127.0.0.1:${port}`,
});
console.log(`registered as ${registration.key}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    console.log('draining');
    await registration.drain(); // marks the record, deletes it, and waits for the calls in progress
    await client.close();
  });
