export { LockClientImpl } from './lock-client.js';
export { type LockLoss, LockLostError } from './lock-lost-error.js';
export type { Lock, LockClient, LockOptions, LockQueue, LockQueueEntry, TryLockOptions } from './types.js';
