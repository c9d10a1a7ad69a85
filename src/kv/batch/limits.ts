import type { BatchLimits } from './core/index.js';

/** Larger batches save little more, and make etcd hold its read lock for longer. */
const maxOperations = 100;
const maxKeyBytes = 256 * 1024;
/** Larger answers delay the small ones in them, and save nothing. */
const maxAnswerBytes = 1024 * 1024;

/** The limits of a batch, from the client's options: far enough below the limits of a request and of its answer. */
export function batchLimits(options: {
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly maxReceiveBytes: number;
}): BatchLimits {
  const { maxTxnOps, maxRequestBytes, maxReceiveBytes } = options;
  return {
    operations: Math.min(maxOperations, maxTxnOps === 0 ? maxOperations : maxTxnOps),
    keyBytes: Math.min(maxKeyBytes, maxRequestBytes === 0 ? maxKeyBytes : maxRequestBytes / 2),
    answerBytes: Math.min(maxAnswerBytes, maxReceiveBytes / 2),
  };
}
