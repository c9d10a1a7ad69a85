import {
  type EtcdError,
  LeaseNotFoundError,
  RolledBackError,
  StoreReplacedError,
} from '../../errors/index.js';

/** Whether no retry can succeed. A wiped or restored store is not final: a read shows whether the key survived. */
export function isFinal(error: EtcdError): boolean {
  return error.verdict === 'final' && !showsOtherStore(error) && !(error instanceof LeaseNotFoundError);
}

/** Whether the error shows that the store was wiped, restored or replaced. */
export function showsOtherStore(error: EtcdError): boolean {
  return error instanceof RolledBackError || error instanceof StoreReplacedError;
}
