import {
  type EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from '../../errors/index.js';

/**
 * How the core reacts to the error that ended a keep-alive stream.
 * - `unauthorized`, `expired`: the error is final for one lease, although etcd ends the stream that all leases share;
 * - `reauthenticate`: the token is invalid; leases are renewed again when there is a new token;
 * - `mark-unhealthy`: the member answers but cannot serve, such as a former leader that has lost its quorum;
 * - `transient`: any other error. It ends no lease: renewals are sent again until the lease may have expired.
 */
export type StreamFailureAction =
  | 'unauthorized'
  | 'expired'
  | 'reauthenticate'
  | 'mark-unhealthy'
  | 'transient';

export function streamFailureAction(error: EtcdError): StreamFailureAction {
  if (error instanceof PermissionDeniedError) return 'unauthorized';
  if (error instanceof LeaseNotFoundError) return 'expired';
  if (error instanceof UnauthenticatedError) return 'reauthenticate';
  return error.reason === 'NotPrimaryLessor' ? 'mark-unhealthy' : 'transient';
}
