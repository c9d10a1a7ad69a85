export { type StartEtcdClusterOptions, startEtcdCluster } from './cluster.js';
export { EtcdStartError, ExternalEtcdError } from './errors.js';
export type { EtcdBinary } from './etcd-binary.js';
export type { EtcdClusterHandle, EtcdHandle, EtcdMember } from './etcd-handle.js';
export type { Direction } from './fault-pipe.js';
export { type FaultProxy, type FaultProxyOptions, startFaultProxy } from './fault-proxy.js';
export { locateEtcd } from './locate.js';
export { DEFAULT_ETCD_VERSION, type EtcdSource, type StartEtcdOptions } from './options.js';
export { startEtcd } from './start.js';
