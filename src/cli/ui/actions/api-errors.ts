import {
  AmbiguousWriteError,
  ClosedError,
  EtcdError,
  InvalidInputError,
  NamingError,
} from '../../../index.js';
import { CliError, isUnreachable, messageOf } from '../../errors.js';
import { ApiError } from '../ports.js';
import type { ErrorCode } from '../protocol/index.js';

/** A key, and so a message that names it, may be as long as a request. */
const maxMessageLength = 2_000;

/** Runs the work of a request. What etcd or a check refuses rejects with an {ApiError}; other errors are unchanged. */
export async function withApiErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toApiError(error);
  }
}

function toApiError(error: unknown): unknown {
  const code = error instanceof ApiError ? undefined : codeOf(error);
  if (code === undefined) return error;
  return new ApiError(code, messageOf(error).slice(0, maxMessageLength), { cause: error });
}

/** Undefined for what does not answer the request, such as a defect, or the reason of its signal. */
function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof InvalidInputError) return 'invalid';
  if (error instanceof CliError || error instanceof NamingError) return 'refused';
  if (error instanceof AmbiguousWriteError) return 'ambiguous';
  if (error instanceof ClosedError) return 'unavailable';
  if (error instanceof EtcdError) return isUnreachable(error) ? 'unavailable' : 'refused';
  return undefined;
}
