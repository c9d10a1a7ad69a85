export { LockClientImpl } from './lock-client-impl.js';
export { type LockLoss, LockLostError } from './lock-lost-error.js';
export { defaultTtlSeconds, queueName } from './options.js';
export { acquire, queuePrefix } from './queue/acquire.js';
export type { Ownership } from './queue/ownership.js';
export type { QueueClient } from './queue/ports.js';
export type { Lock, LockClient, LockOptions, LockQueue, LockQueueEntry, TryLockOptions } from './types.js';
