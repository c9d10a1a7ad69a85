import { Code, type EtcdError, needsNewToken, UnauthenticatedError } from '../../errors/index.js';

/**
 * What the end of a stream, or of one watcher on it, means.
 * - `resume`: nothing lost, go on where it was left;
 * - `reauthenticate`: the same, once there is a new token;
 * - `oversized`: a response was larger than the receive limit; whose it was shows once each is alone, and twice in a
 *   row is no chance;
 * - `end`: another attempt would meet the same answer.
 */
export type FailureAction = 'resume' | 'reauthenticate' | 'oversized' | 'end';

/**
 * The fate of a lost stream: nearly always to be resumed. Codes alone do not tell: RESOURCE_EXHAUSTED is also a
 * GOAWAY for too many pings, CANCELLED also a member that stopped, UNKNOWN also a lessor that moved.
 */
export function streamFailureAction(error: EtcdError): FailureAction {
  if (needsNewToken(error)) return 'reauthenticate';
  // A refused password may be another one the next time, where a function gives it.
  if (error instanceof UnauthenticatedError) return error.verdict === 'final' ? 'end' : 'resume';
  if (isOversized(error)) return 'oversized';
  switch (error.code) {
    // A member that is no etcd: the stream goes to another one, while there is one.
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
 * The fate of a watcher that the server let go of or turned down. Here the text is all there is, and one that is not
 * known to be passing is taken for final: an unknown refusal would be met again at once.
 */
export function watcherFailureAction(error: EtcdError): FailureAction {
  if (needsNewToken(error)) return 'reauthenticate';
  const isTransient = error.verdict === 'not-applied' || error.code === Code.UNAVAILABLE;
  return isTransient ? 'resume' : 'end';
}

/** A response over the client's limit, or a request over the server's: neither says whose it was. */
function isOversized({ reason }: EtcdError): boolean {
  return reason === 'ResponseTooLarge' || reason === 'RequestTooLarge';
}
