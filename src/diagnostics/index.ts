export { allTopics, type DiagnosticsChannels, diagnosticsChannels } from './all-topics.js';
export {
  type CallAttempt,
  type CallChannel,
  type CallHandlers,
  type CallOutcome,
  type CallTrace,
  callChannels,
  type TracedRange,
} from './call.js';
export type { DiagnosticsChannel, PublishedChannel } from './channel.js';
export { ClientDiagnostics, type DiagnosticsOptions } from './client-diagnostics.js';
export { diagnosticsOf, serverName, setDiagnostics } from './diagnostics-of.js';
export { type CallDurations, durationBounds } from './duration-histograms.js';
export { eventToJson } from './event-json.js';
export type { Logger, LogLevel } from './log.js';
export type {
  CallMetrics,
  ClientMetrics,
  ConnectionMetrics,
  LeaseMetrics,
  MemberMetrics,
  MetricsSource,
  MirrorMetrics,
  MutableMetrics,
  OwnershipMetrics,
  RecordMetrics,
  RegistrationMetrics,
  ResolverMetrics,
  RetryMetrics,
  ServiceMetrics,
  TokenMetrics,
  WatchMetrics,
} from './metrics.js';
export { installNodeDebug } from './node-debug.js';
export { addOpenClient, type MetricsRequest } from './open-clients.js';
export { processWide } from './process-wide.js';
export { rangeText } from './range-text.js';
export type { ClientEvent } from './topic.js';
export {
  type ClientLifecycleDiagnostics,
  type ConnectionDiagnostics,
  clientTopic,
  connectionTopic,
  type DepartureReason,
  type DirectoryDiagnostics,
  directoryTopic,
  electionTopic,
  type InterruptionCause,
  type LeaseDiagnostics,
  leaseTopic,
  lockTopic,
  type MemberDiagnostics,
  type MirrorDiagnostics,
  memberTopic,
  mirrorTopic,
  type OwnershipDiagnostics,
  type RegistrationCause,
  type RegistrationDiagnostics,
  type ResolverDiagnostics,
  type RetryDiagnostics,
  registrationTopic,
  resolverTopic,
  retryTopic,
  type TokenCause,
  type TokenDiagnostics,
  tokenTopic,
  type WatchDiagnostics,
  type WatcherIdentity,
  watchTopic,
} from './topics/index.js';
