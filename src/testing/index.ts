export type { EtcdBinary } from './binary/etcd-binary.js';
export { type StartEtcdClusterOptions, startEtcdCluster } from './cluster.js';
export { EtcdStartError, ExternalEtcdError } from './errors.js';
export type { EtcdClusterHandle, EtcdHandle, EtcdMember } from './etcd-handle.js';
export type { Direction } from './faults/pipe.js';
export { type FaultProxy, type FaultProxyOptions, startFaultProxy } from './faults/proxy.js';
export { locateEtcd } from './locate.js';
export { DEFAULT_ETCD_VERSION, type EtcdSource, type StartEtcdOptions } from './options.js';
export { startEtcd } from './start.js';
