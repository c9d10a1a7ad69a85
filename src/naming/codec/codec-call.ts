import { isHandledPromise } from '../../async/index.js';
import { describeThrown } from '../../errors/index.js';
import { formatValue } from '../../model/index.js';
import { NamingError } from '../errors.js';

/** Describes what a function of a codec returned instead of what it must return. The rejection of a promise is handled. */
export function describeReturned(value: unknown): string {
  return isHandledPromise(value) ? 'a promise' : formatValue(value);
}

/**
 * Calls a function of a codec, which is foreign code.
 * @param failure Describes the failure, for the error: `the codec 'lines' has no key prefix for 'svc'`.
 * @throws {NamingError} whatever it throws.
 */
export function callCodec<T>(failure: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof NamingError) throw error;
    throw new NamingError(`${failure}: ${describeThrown(error)}`, error);
  }
}
