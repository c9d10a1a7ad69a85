export { EtcdClient, type EtcdClientOptions, type StatusEvent } from './client/index.js';
export {
  AmbiguousWriteError,
  ClosedError,
  Code,
  CompactedError,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  LeaseNotFoundError,
  PermissionDeniedError,
  RolledBackError,
  type TriedMember,
  UnauthenticatedError,
  type Verdict,
} from './errors/index.js';
export {
  type Compare,
  type CompareResult,
  compare,
  type DeleteOptions,
  type DeleteResult,
  type GetResult,
  type KvClient,
  type Op,
  type OpResult,
  op,
  type PutOptions,
  type PutResult,
  type RangeOptions,
  type RangeResult,
  type Txn,
  type TxnResult,
  type WriteCallOptions,
} from './kv/index.js';
export type {
  GrantOptions,
  KeptLease,
  Lease,
  LeaseClient,
  LeaseEnd,
  LeaseEndReason,
  LeaseTimeToLive,
} from './lease/index.js';
export type { Mirror, MirrorOptions, MirrorStatus, MirrorUpdate, ResyncReason } from './mirror/index.js';
export type { Bytes, KeyRange, KeyValue, LeaseId, Revision, WatchEvent } from './model/index.js';
export { type ResolverOptions, registerEtcdResolver } from './naming/grpc/index.js';
export {
  decodeEndpoint,
  type Endpoint,
  EndpointDecodeError,
  type EndpointEvent,
  EndpointManager,
  type EndpointOp,
  type EndpointRecord,
  encodeEndpoint,
  type JsonValue,
  type ManagerCallOptions,
  type NamingClient,
  NamingError,
  type RegisterOptions,
  type Registration,
  type RegistrationState,
  register,
} from './naming/index.js';
export type { WatchBatch, WatchEnd, Watcher, WatchOptions } from './watch/index.js';
