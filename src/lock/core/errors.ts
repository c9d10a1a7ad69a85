import { type EtcdError, historyLoss, LeaseNotFoundError } from '../../errors/index.js';

/** Whether no retry can succeed. A wiped or restored store is not final: a read shows whether the key survived. */
export function isFinal(error: EtcdError): boolean {
  return (
    error.verdict === 'final' && historyLoss(error) === undefined && !(error instanceof LeaseNotFoundError)
  );
}
