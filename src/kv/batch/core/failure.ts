import { Code, type EtcdError, isPersistent, needsNewToken } from '../../../errors/index.js';

/**
 * What a failed batch means for its reads.
 * - `attempt`: each of them would probably have failed in the same way, so the batch counts as their first attempt.
 * - `key`: one of the keys may be refused.
 * - `operations`: the server permits fewer operations.
 * - `size`: the answer was too large. The separate reads show which values are large.
 * - `batch`: the server, or a proxy before it, does not accept or does not answer batches as etcd does.
 */
export type BatchFailure = 'attempt' | 'key' | 'operations' | 'size' | 'batch';

export function failureOf(error: EtcdError, serializable: boolean): BatchFailure {
  switch (error.reason) {
    case 'PermissionDenied':
      return 'key';
    case 'TooManyOps':
      return 'operations';
    case 'ResponseTooLarge':
      return 'size';
    case 'NotEtcd':
      return 'batch'; // a read shows whether that is so
    case 'NotSupportedForLearner':
      return serializable ? 'batch' : 'attempt'; // a learner answers serializable reads, but no transactions
    default:
      break;
  }
  if (needsNewToken(error)) return 'attempt';
  const isOfRequest = error.verdict === 'final' || isPersistent(error) || hasUnknownCause(error);
  return isOfRequest ? 'batch' : 'attempt';
}

/** Also of an answer that could not be decoded. */
function hasUnknownCause({ code, reason }: EtcdError): boolean {
  return reason === undefined && (code === Code.INTERNAL || code === Code.UNKNOWN);
}
