import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';
import { needsNewToken } from './from-server.js';
import { CompactedError, RolledBackError, StoreReplacedError } from './store-errors.js';

/** Whether a retry of a read may succeed. Refused credentials stay refused. */
export function mayRecover(error: EtcdError): boolean {
  if (error.code === Code.OUT_OF_RANGE) return false;
  return error.verdict !== 'final' && !needsNewToken(error);
}

/**
 * Why the history after a known revision cannot be read: it was compacted, or the store was wiped, restored or replaced.
 * Whoever follows the store reads its state again. Undefined for every other error.
 */
export function historyLoss(error: unknown): 'compacted' | 'rolled-back' | undefined {
  if (error instanceof CompactedError) return 'compacted';
  if (error instanceof RolledBackError || error instanceof StoreReplacedError) return 'rolled-back';
  return error instanceof EtcdError && error.reason === 'FutureRev' ? 'rolled-back' : undefined;
}
