import {
  type EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
  RolledBackError,
  StoreReplacedError,
  UnauthenticatedError,
} from '../../../errors/index.js';

/** Whether the error shows that the known lease and record no longer exist, so that both must be created again. */
export function invalidatesRecord(error: EtcdError): boolean {
  return (
    error instanceof LeaseNotFoundError ||
    error instanceof RolledBackError ||
    error instanceof StoreReplacedError
  );
}

/** Whether no retry can succeed. A wiped or restored store is not final: it still grants leases. */
export function isFinal(error: EtcdError): boolean {
  return error.verdict === 'final' && !invalidatesRecord(error);
}

/** Whether etcd rejected the user rather than the value. */
export function isAccessDenied(error: EtcdError): boolean {
  return error instanceof PermissionDeniedError || error instanceof UnauthenticatedError;
}
