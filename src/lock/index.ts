export { LockClientImpl } from './lock-client-impl.js';
export { type LockLoss, LockLostError } from './lock-lost-error.js';
export { defaultTtlSeconds } from './options.js';
export { acquire } from './queue/acquire.js';
export { queueName, queuePrefix } from './queue/name.js';
export type { Ownership } from './queue/ownership.js';
export type { QueueClient } from './queue/ports.js';
export type { Lock, LockClient, LockOptions, LockQueue, LockQueueEntry, TryLockOptions } from './types.js';
