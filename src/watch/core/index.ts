export { nextRevision, type WatchReply } from './cursor.js';
export type {
  SlotKey,
  StreamStatus,
  TimerName,
  TokenGeneration,
  WatchEffect,
  WatcherKey,
  WatchInput,
} from './protocol.js';
export { type SessionOptions, WatchSession } from './session.js';
