export type { StreamStatus } from './core/index.js';
export { type InternalWatchOptions, WatchClient, type WatchOptions } from './watch-client.js';
export type { InternalWatchBatch, InternalWatcher, WatchBatch, WatchEnd, Watcher } from './watcher.js';
