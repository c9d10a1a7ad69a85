export type {
  AuthOptions,
  CallOptions,
  DiscoveryOptions,
  DnsOptions,
  MemberEvent,
  MemberFailure,
  PasswordAuth,
  PasswordProvider,
  SkippedEndpoint,
  SyncResult,
  SyncRule,
  TlsOptions,
  TokenAuth,
} from '../wire/index.js';
export { EtcdClient } from './etcd-client.js';
export type { Environment } from './from-env.js';
export type { EtcdNamespace } from './namespace.js';
export type { EtcdClientOptions, MetricsOptions, SyncOptions } from './options.js';
export type { StatusEvent } from './status.js';
