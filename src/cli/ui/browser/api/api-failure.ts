import type { EndpointRow, ErrorCode, ErrorReply } from '../../protocol/index.js';

/**
 * - `unreachable`: the command did not answer: it has ended, or the request was aborted;
 * - `malformed`: the answer is not one of the command's.
 */
export type FailureCode = ErrorCode | 'unreachable' | 'malformed';

/** A request that failed. The message is a sentence to show; it may quote etcd, so show it as text from outside. */
export class ApiFailure extends Error {
  readonly code: FailureCode;
  /** For `conflict`: the record as it is now; undefined if it is gone. */
  readonly current: EndpointRow | undefined;

  constructor(code: FailureCode, message: string, current?: EndpointRow) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
    this.current = current;
  }
}

/**
 * Whether the command does not know the session. One that was started later on the same port also forbids the address of
 * this page, because it has another one.
 */
export function endsSession(error: unknown): boolean {
  return error instanceof ApiFailure && (error.code === 'unauthorized' || error.code === 'forbidden');
}

/** The failure that an answer with a status of 400 or more describes. */
export function toFailure(status: number, body: unknown): ApiFailure {
  const error = isErrorReply(body) ? body.error : undefined;
  if (!error) return new ApiFailure(status === 401 ? 'unauthorized' : 'malformed', `answer ${status}`);
  return new ApiFailure(error.code, error.message, error.current);
}

function isErrorReply(body: unknown): body is ErrorReply {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false;
  const { error } = body;
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
