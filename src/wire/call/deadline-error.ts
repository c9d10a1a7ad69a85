import { DeadlineError, type EtcdError } from '../../errors/index.js';

/**
 * The error of an attempt that was not answered within its time limit.
 * @param name The short name of the RPC.
 * @param neverSent Whether the request certainly never left this process.
 */
export function attemptDeadlineError(
  name: string,
  neverSent: boolean,
  details: string,
  cause: EtcdError,
): DeadlineError {
  if (!neverSent) return new DeadlineError(`${name} was not answered in time: ${details}`, { cause });
  return new DeadlineError(`${name} was not sent in time because no stream was free: ${details}`, {
    cause,
    verdict: 'not-applied',
  });
}
