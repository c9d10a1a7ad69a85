export { Connection, type ConnectionPorts, silenceLimitMs } from './connection.js';
export { FrameQueue } from './frame-queue.js';
export { openEvents } from './open-events.js';
