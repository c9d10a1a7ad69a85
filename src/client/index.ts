export { EtcdClient } from './etcd-client.js';
export type { EtcdClientOptions } from './options.js';
export type { StatusEvent } from './status.js';
