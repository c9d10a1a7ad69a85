/** @module The protocol of etcd v3.7.1: service definitions, message codecs and the `.proto` files. */

/** Users, roles and permissions as etcd stores them. */
export * as authpb from '../gen/etcd/auth.js';
/** Keys and events. */
export * as mvccpb from '../gen/etcd/kv.js';
/**
 * Requests and responses of etcd's own services. Each message is a type and, under the same name, its codec:
 * `etcdserverpb.RangeRequest.encode(…)`, `.decode(…)`, `.create(…)`.
 */
export * as etcdserverpb from '../gen/etcd/rpc.js';
/** Definitions for a `Client` (`makeUnaryRequest` and its siblings) or a `Server` (`addService`) of `@grpc/grpc-js`. */
export {
  AuthService,
  ClusterService,
  KVService,
  LeaseService,
  MaintenanceService,
  WatchService,
} from '../gen/etcd/rpc.js';
/** Requests and responses of the election service. */
export * as v3electionpb from '../gen/etcd/v3election.js';
/** The service definition of etcd's election service. */
export { ElectionService } from '../gen/etcd/v3election.js';
/** Requests and responses of the lock service. */
export * as v3lockpb from '../gen/etcd/v3lock.js';
/** The service definition of etcd's lock service. */
export { LockService } from '../gen/etcd/v3lock.js';
export type { ProtocolDefinition } from './load-protocol.js';
export { loadProtocol } from './load-protocol.js';
export { protoFiles, protoFolder } from './proto-files.js';
