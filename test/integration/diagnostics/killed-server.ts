// A process that registers a server, and is killed by its parent.
import { EtcdClient } from '#src/client/index.js';
import { register } from '#src/naming/index.js';

const [, , endpoint = '', target = '', addr = ''] = process.argv;
const client = new EtcdClient({ endpoints: [endpoint] });
await register(client, { target, addr, ttlSeconds: 2 });
process.send?.('registered');
