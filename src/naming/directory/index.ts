export { type DirectoryOptions, ServiceDirectory } from './directory.js';
export { fileSnapshotStore } from './file-snapshots.js';
export type { LossProtectionOptions } from './loss/options.js';
export { type MemoryOptions, toMemoryLimits } from './memory-options.js';
export type { ReadyOptions } from './ready.js';
export type { SnapshotStore } from './snapshot.js';
export type { ServiceStatus, ServiceSubscriber, ServiceView } from './view.js';
