export { type ClientLifecycleDiagnostics, clientTopic } from './client.js';
export { type ConnectionDiagnostics, connectionTopic } from './connection.js';
export { type DepartureReason, type DirectoryDiagnostics, directoryTopic } from './directory.js';
export { type LeaseDiagnostics, leaseTopic } from './lease.js';
export { type MemberDiagnostics, memberTopic } from './member.js';
export { type MirrorDiagnostics, mirrorTopic } from './mirror.js';
export { electionTopic, lockTopic, type OwnershipDiagnostics } from './ownership.js';
export { type RegistrationCause, type RegistrationDiagnostics, registrationTopic } from './registration.js';
export { type ResolverDiagnostics, resolverTopic } from './resolver.js';
export { type RetryDiagnostics, retryTopic } from './retry.js';
export { type TokenCause, type TokenDiagnostics, tokenTopic } from './token.js';
export {
  type InterruptionCause,
  type WatchDiagnostics,
  type WatcherIdentity,
  watchTopic,
} from './watch.js';
