import {
  ClosedError,
  type EtcdError,
  historyLoss,
  LeaseNotFoundError,
  mayRecover,
} from '../../errors/index.js';
import type { LockLoss } from '../lock-lost-error.js';

/** Whether no retry can succeed. A wiped or restored store is not final: a read shows whether the key survived. */
export function isFinal(error: EtcdError): boolean {
  return !mayRecover(error) && historyLoss(error) === undefined && !(error instanceof LeaseNotFoundError);
}

/** The loss that a final error of a request or a watch means for an owner. */
export function lossOf(error: EtcdError): LockLoss {
  return error instanceof ClosedError ? 'closed' : 'unauthorized';
}

/** Whether a new lease may help after a loss while waiting. */
export function canRequeue(loss: LockLoss): boolean {
  return loss === 'lease-expired' || loss === 'lost-contact' || loss === 'key-deleted';
}
