// One of the HTTP servers in its own process. Usage: node server.js [etcd endpoint]. SIGTERM drains it.
import { EtcdClient } from '@org/etcd-naming';
import { serveHttp } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const { drain } = await serveHttp(`process ${process.pid}`, new EtcdClient({ endpoints: [endpoint] }));
process.once('SIGTERM', () => drain().finally(() => process.exit()));
