// The microservice in its own process. Usage: node server.js [etcd endpoint]. SIGTERM drains it.
import { EtcdClient } from '@org/etcd-naming';
import { serveNest } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const { app } = await serveNest(client);
app.enableShutdownHooks(); // on SIGTERM the hooks run, then the calls in progress finish, then the process ends
