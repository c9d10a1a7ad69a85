import { Code, type EtcdError, needsNewToken, UnauthenticatedError } from '../../../errors/index.js';

/**
 * What to do after the end of a stream, or of one watcher on it.
 * - `resume`: continue at the cursor;
 * - `reauthenticate`: the same, with a new token;
 * - `oversized-response`: a response exceeded the client's receive limit;
 * - `oversized-request`: a request exceeded the server's limit;
 * - `end`: another attempt would have the same result.
 */
export type FailureAction = 'resume' | 'reauthenticate' | 'oversized-response' | 'oversized-request' | 'end';

/**
 * The action after a stream is lost: nearly always `resume`. Many codes are ambiguous: RESOURCE_EXHAUSTED is also a
 * GOAWAY for too many pings, CANCELLED also a member that stopped, UNKNOWN also a lessor that moved.
 */
export function streamFailureAction(error: EtcdError): FailureAction {
  if (needsNewToken(error)) return 'reauthenticate';
  // A function that returns the password may return another one next time.
  if (error instanceof UnauthenticatedError) return error.verdict === 'final' ? 'end' : 'resume';
  if (error.reason === 'ResponseTooLarge') return 'oversized-response';
  if (error.reason === 'RequestTooLarge') return 'oversized-request';
  switch (error.code) {
    // A server other than etcd answered: the next stream uses another member, if there is one.
    case Code.UNIMPLEMENTED:
      return error.verdict === 'final' ? 'end' : 'resume';
    case Code.PERMISSION_DENIED:
    case Code.INVALID_ARGUMENT:
    case Code.OUT_OF_RANGE:
    case Code.DATA_LOSS:
      return 'end';
    default:
      return 'resume';
  }
}

/**
 * The action after the server has cancelled or refused a watcher. The server reports only a text. An unknown text is
 * taken as final: the server would refuse another attempt immediately.
 */
export function watcherFailureAction(error: EtcdError): FailureAction {
  if (needsNewToken(error)) return 'reauthenticate';
  const isTransient = error.verdict === 'not-applied' || error.code === Code.UNAVAILABLE;
  return isTransient ? 'resume' : 'end';
}
