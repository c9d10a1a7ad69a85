import {
  type EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from '../../errors/index.js';

/**
 * What the end of a keep-alive stream says.
 * - `unauthorized`, `expired`: etcd's last word on one lease, though it ends the stream of all of them;
 * - `reauthenticate`: nothing about leases; they are renewed again once there is a new token;
 * - `blame`: the member answers and cannot serve: one that was the leader and is not sure any more;
 * - `passing`: everything else. No other end of a stream is final: leases are renewed until they may have run out.
 */
export type StreamFailureAction = 'unauthorized' | 'expired' | 'reauthenticate' | 'blame' | 'passing';

export function streamFailureAction(error: EtcdError): StreamFailureAction {
  if (error instanceof PermissionDeniedError) return 'unauthorized';
  if (error instanceof LeaseNotFoundError) return 'expired';
  if (error instanceof UnauthenticatedError) return 'reauthenticate';
  return error.reason === 'NotPrimaryLessor' ? 'blame' : 'passing';
}
