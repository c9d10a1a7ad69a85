import {
  type EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
  RolledBackError,
  StoreReplacedError,
  UnauthenticatedError,
} from '../../../errors/index.js';

/** Whether nothing that is known of the lease and the record holds any more. */
export function invalidatesRecord(error: EtcdError): boolean {
  return (
    error instanceof LeaseNotFoundError ||
    error instanceof RolledBackError ||
    error instanceof StoreReplacedError
  );
}

/** Whether waiting changes nothing. A store that was wiped or restored is there all the same, and so are new leases. */
export function isFinal(error: EtcdError): boolean {
  return error.verdict === 'final' && !invalidatesRecord(error);
}

/** Whether it is the user who is refused, and not what was to be stored. */
export function isAccessDenied(error: EtcdError): boolean {
  return error instanceof PermissionDeniedError || error instanceof UnauthenticatedError;
}
