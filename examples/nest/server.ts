// The microservice as a process of its own: `node server.js [etcd endpoint]`, then SIGTERM.
import { EtcdClient } from '@org/etcd-naming';
import { serveNest } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const { app } = await serveNest(client);
app.enableShutdownHooks(); // SIGTERM: the hooks, the server's calls, and then the process ends
