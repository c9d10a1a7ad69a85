export {
  type DepartureCircumstances,
  reasonByLease,
  reasonWithoutLease,
} from './diagnostics/departure-reason.js';
export type { Departure } from './diagnostics/departures.js';
export { leaseLookupsOf } from './diagnostics/lease-lookups.js';
export { type DirectoryOptions, prefixesOf, ServiceDirectory } from './directory.js';
export { directoryOf } from './directory-of.js';
export type { LossProtectionOptions } from './loss/options.js';
export { type MemoryOptions, toMemoryLimits } from './memory-options.js';
export { quotedPrefixes } from './prefixes.js';
export { checkReady, type ReadyOptions, usableCount } from './ready.js';
export { fileSnapshotStore } from './snapshots/file-snapshots.js';
export type { SnapshotStore } from './snapshots/snapshot.js';
export type { ServiceStatus, ServiceSubscriber, ServiceView } from './views/view.js';
