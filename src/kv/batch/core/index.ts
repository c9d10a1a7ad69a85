export { BatchCore, type RefusedBatch } from './batch-core.js';
export type { BatchFailure } from './failure.js';
export type { ReadPlan } from './plan.js';
export type { BatchLimits, PlannedBatch } from './planned-batch.js';
export type { QueuedRead } from './queued-read.js';
export type { ServerFacts } from './server-support.js';
