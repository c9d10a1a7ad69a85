export type { StreamStatus } from './core/index.js';
export { WatchClient, type WatchOptions } from './watch-client.js';
export type { WatchBatch, WatchEnd, Watcher } from './watcher.js';
