import { type CallChannel, callChannel } from './call.js';
import type { DiagnosticsChannel, PublishedChannel } from './channel.js';
import { type MetricsRequest, metricsChannel } from './open-clients.js';
import type { ClientEvent, Topic } from './topic.js';
import {
  type ClientLifecycleDiagnostics,
  type ConnectionDiagnostics,
  clientTopic,
  connectionTopic,
  type DirectoryDiagnostics,
  directoryTopic,
  electionTopic,
  type LeaseDiagnostics,
  leaseTopic,
  lockTopic,
  type MemberDiagnostics,
  type MirrorDiagnostics,
  memberTopic,
  mirrorTopic,
  type OwnershipDiagnostics,
  type RegistrationDiagnostics,
  type ResolverDiagnostics,
  type RetryDiagnostics,
  registrationTopic,
  resolverTopic,
  retryTopic,
  type TokenDiagnostics,
  tokenTopic,
  type WatchDiagnostics,
  watchTopic,
} from './topics/index.js';

/** All topics, for what subscribes to everything. */
export const allTopics = [
  clientTopic,
  connectionTopic,
  memberTopic,
  tokenTopic,
  retryTopic,
  watchTopic,
  leaseTopic,
  mirrorTopic,
  directoryTopic,
  registrationTopic,
  lockTopic,
  electionTopic,
  resolverTopic,
] as unknown as readonly Topic<never>[];

/** The channels; each is documented with the type of its events. */
export interface DiagnosticsChannels {
  /** Each call: a tracing channel. */
  readonly call: CallChannel;
  /** The clients: each is opened, and closed with its final metrics. */
  readonly client: DiagnosticsChannel<ClientLifecycleDiagnostics & ClientEvent>;
  /** The connections to members. */
  readonly connection: DiagnosticsChannel<ConnectionDiagnostics & ClientEvent>;
  /** Directories: states and endpoints of services, departures, loss protection. */
  readonly directory: DiagnosticsChannel<DirectoryDiagnostics & ClientEvent>;
  /** The terms of candidates in elections. */
  readonly election: DiagnosticsChannel<OwnershipDiagnostics & ClientEvent>;
  /** The leases that are kept alive. */
  readonly lease: DiagnosticsChannel<LeaseDiagnostics & ClientEvent>;
  /** Locks. */
  readonly lock: DiagnosticsChannel<OwnershipDiagnostics & ClientEvent>;
  /** The health of members, and the list of them. */
  readonly member: DiagnosticsChannel<MemberDiagnostics & ClientEvent>;
  /** Requests for the metrics of all open clients. To be published on, not to be subscribed to. */
  readonly metrics: PublishedChannel<MetricsRequest>;
  /** Mirrors that list their range. */
  readonly mirror: DiagnosticsChannel<MirrorDiagnostics & ClientEvent>;
  /** Registrations: each change of state, with its cause. */
  readonly registration: DiagnosticsChannel<RegistrationDiagnostics & ClientEvent>;
  /** What the resolvers of channels give to grpc-js. */
  readonly resolver: DiagnosticsChannel<ResolverDiagnostics & ClientEvent>;
  /** Attempts that are repeated. */
  readonly retry: DiagnosticsChannel<RetryDiagnostics & ClientEvent>;
  /** The tokens of clients with credentials. */
  readonly token: DiagnosticsChannel<TokenDiagnostics & ClientEvent>;
  /** Watch streams and watchers. */
  readonly watch: DiagnosticsChannel<WatchDiagnostics & ClientEvent>;
}

/**
 * The channels of Node's `diagnostics_channel` on which all clients of this process publish. Their names are those of the
 * members after `etcd-naming:`, so subscribing by name works without an import of this package. Names and types follow the
 * rules of the API for versions: a minor version may add channels, types of events, and members.
 * @example
 * ```ts
 * diagnosticsChannels.watch.subscribe((event) => {
 *   if (event.type === 'resumed') console.warn(`${event.key} was not live for ${event.downMs} ms: ${event.cause}`);
 * });
 * ```
 */
export const diagnosticsChannels: DiagnosticsChannels = {
  call: callChannel,
  client: clientTopic.channel,
  connection: connectionTopic.channel,
  directory: directoryTopic.channel,
  election: electionTopic.channel,
  lease: leaseTopic.channel,
  lock: lockTopic.channel,
  member: memberTopic.channel,
  metrics: metricsChannel,
  mirror: mirrorTopic.channel,
  registration: registrationTopic.channel,
  resolver: resolverTopic.channel,
  retry: retryTopic.channel,
  token: tokenTopic.channel,
  watch: watchTopic.channel,
};
