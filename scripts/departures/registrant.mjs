// A process that registers an endpoint until it is killed.
import { EtcdClient, register } from '../../build/src/index.js';

const { etcd, target, id, addr, ttlSeconds } = JSON.parse(process.env.REGISTRANT);
process.once('disconnect', () => process.exit()); // the campaign has ended
await register(new EtcdClient({ endpoints: etcd }), { target, id, addr, ttlSeconds });
process.send('registered');
