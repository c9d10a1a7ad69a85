export {
  type AuthCalls,
  type AuthUserAddRequest,
  type AuthUserChangePasswordRequest,
  authCalls,
  type CallTracer,
  type ClusterCalls,
  clusterCalls,
  type MaintenanceCalls,
  type MemberAddResponse,
  type MemberListResponse,
  maintenanceCalls,
  type SnapshotResponse,
  type StatusResponse,
} from './admin-calls.js';
export {
  type AuthOptions,
  authInput,
  type PasswordAuth,
  type PasswordProvider,
  type TokenAuth,
} from './auth/auth.js';
export type { BatchAttempt } from './batch-attempt.js';
export type { ReadyConnection } from './batch-attempts.js';
export type { EarlierAttempt } from './call/pending-call.js';
export type { MemberFailure } from './call/retry-rule.js';
export type { FailedAttempt } from './call/sent-attempt.js';
export {
  type BatchCalls,
  batchCalls,
  type Compare,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type KeyRead,
  type KvCalls,
  kvCalls,
  type LeaseCalls,
  type LeaseKeepAliveResponse,
  leaseCalls,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type ReadBatchRequest,
  type ReadBatchResponse,
  type ReadTrace,
  type RequestOp,
  type ResponseOp,
  type TxnRequest,
  type TxnResponse,
  type WatchCalls,
  type WatchRequest,
  type WatchResponse,
  watchCalls,
} from './calls.js';
export { checkDiscovery, checkDns, type DiscoveryOptions, type DnsOptions } from './dns/options.js';
export type { EndpointStream } from './endpoint-calls.js';
export type { SkippedEndpoint } from './member/discovery.js';
export { parseEndpoints } from './member/endpoints.js';
export type { Member } from './member/member.js';
export type { MemberEvent } from './member/member-event.js';
export type { SyncResult, SyncRule } from './member/membership.js';
export type { CallOptions, IdempotencyLevel, TracedCallOptions } from './method.js';
export type { RangeStream } from './range-stream.js';
export type { Duplex, DuplexHandlers, ReportableDuplex } from './stream/duplex.js';
export type { DuplexOptions } from './stream/registry.js';
export { type TlsOptions, tlsInput } from './tls/options.js';
export { Transport } from './transport.js';
export type { TransportOptions } from './transport-options.js';
