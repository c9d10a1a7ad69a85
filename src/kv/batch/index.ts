export type { BatchLimits } from './core/index.js';
export { batchLimits } from './limits.js';
export { mayShareRequest } from './may-share-request.js';
export { type BatcherPorts, ReadBatcher } from './read-batcher.js';
