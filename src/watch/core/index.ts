export { nextRevision, type WatchReply } from './cursor.js';
export type {
  Generation,
  SlotKey,
  StreamStatus,
  TimerName,
  WatchEffect,
  WatcherKey,
  WatchInput,
} from './protocol.js';
export { type SessionOptions, WatchSession } from './session.js';
