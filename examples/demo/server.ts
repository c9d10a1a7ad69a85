// A greeter that registers itself. Usage: node server.js <name> <etcd endpoint>
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const [name = 'greeter', endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const { server, port } = await serveGreeter(name);

const client = new EtcdClient({ endpoints: [endpoint] });
const registration = await registerServer(server, client, {
  target: 'demo/greeter',
  id: name,
  addr: `127.0.0.1:${port}`,
  ttlSeconds: 5,
});
process.send?.({ name, port });

process.once('SIGTERM', () => registration.drain().finally(() => process.exit()));
process.once('disconnect', () => process.exit(0));
