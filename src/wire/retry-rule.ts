import {
  AmbiguousWriteError,
  Code,
  DeadlineError,
  type EtcdError,
  UnauthenticatedError,
} from '../errors/index.js';
import { methodName, type Safety } from './method.js';

/** A pause between tries on a member that answers, but badly: enough for an election to make progress. */
export const retryPauseMs = 100;

/** Fresh tokens that may be turned down before the user is taken for unauthorized. */
export const maxTokensRefused = 2;

export function needsToken(error: EtcdError): boolean {
  return error instanceof UnauthenticatedError && !error.serverText?.includes('authentication failed');
}

/** The whole retry rule. Reads of a lost answer are repeated; a write only if it was surely not carried out. */
export function mayTryAgain(error: EtcdError, safety: Safety): boolean {
  if (error instanceof DeadlineError) return false;
  switch (error.verdict) {
    case 'not-applied':
      return error.code !== Code.UNAUTHENTICATED;
    case 'maybe-applied':
      return safety !== 'write';
    case 'final':
      return false;
  }
}

export function blamesMember(error: EtcdError): boolean {
  return (
    error.code === Code.UNAVAILABLE ||
    error.code === Code.DEADLINE_EXCEEDED ||
    error.serverText === 'etcdserver: rpc not supported for learner'
  );
}

/** The error as its caller should meet it: a lost answer to a write is no plain error. */
export function told(
  error: EtcdError,
  method: { readonly path: string },
  safety: Safety,
  endpoint: string,
): EtcdError {
  if (error.verdict === 'maybe-applied' && safety === 'write') {
    return new AmbiguousWriteError(`${methodName(method)} on ${endpoint}`, error);
  }
  return error;
}
