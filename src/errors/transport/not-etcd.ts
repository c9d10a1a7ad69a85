import { Code } from '../code.js';
import { EtcdError } from '../etcd-error.js';
import { maxServerTextLength } from '../from-server.js';
import type { Verdict } from '../verdict.js';
import { endedWithoutStatus, httpStatusOf } from './transport-texts.js';

/** The parts of a finished call that show whether an etcd answered it. */
export interface CallEnd {
  readonly code: number;
  readonly details: string | undefined;
  /** The `content-type` of the response headers; empty if they have none, undefined without response headers. */
  readonly contentType: string | undefined;
  /** The HTTP status of an answer that is not gRPC's, if it is known. The details may have it too. */
  readonly httpStatus: number | undefined;
  /** Whether every release of etcd implements the called method. */
  readonly isUniversalMethod: boolean;
  /** Whether the call sends any number of requests, which a gateway with a limit adds up. */
  readonly isRequestStream: boolean;
}

/**
 * HTTP statuses that a gateway sends when its upstream is unavailable or slow. etcd itself answers gRPC only with HTTP
 * status 200.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/http-grpc-status-mapping.md#http-to-grpc-status-code-mapping
 */
const isGatewayFailure = (status: number) => status >= 500 || [408, 429, 499].includes(status);

/** The status of a gateway for a body over its limit. Nothing of the request reaches etcd. */
const contentTooLarge = 413;

/**
 * Returns an error for an answer that etcd never gives: HTTP that is not gRPC, gRPC without a status, or
 * UNIMPLEMENTED for a method of every release. Returns undefined for any other answer. A gateway's 5xx and an answer
 * without a status become UNAVAILABLE, because an etcd may be behind it, and a gateway's 413 `RequestTooLarge`; all
 * other errors have the reason `NotEtcd`.
 */
export function detectNotEtcd({
  code,
  details,
  contentType,
  httpStatus,
  isUniversalMethod,
  isRequestStream,
}: CallEnd): EtcdError | undefined {
  const status = httpStatusOf(details) ?? (httpStatus === 200 ? undefined : httpStatus);
  if (status === contentTooLarge && !isRequestStream) return tooLargeError();
  // A stream continues with a new one, whose requests are counted from zero.
  if (status !== undefined && (isGatewayFailure(status) || status === contentTooLarge)) {
    return gatewayError(`a gateway answered with HTTP status ${status}`);
  }
  // A status of 300 or more is a refusal: nothing was applied. A page with status 200 shows nothing about the request.
  if (status !== undefined) return notEtcdError(`HTTP status ${status}`, isRefusal(status));
  if (contentType !== undefined && !isGrpcContentType(contentType)) {
    const answer =
      contentType === '' ? 'an answer without a content type' : `an answer of type ${contentType}`;
    return notEtcdError(answer, false);
  }
  if (endedWithoutStatus(details)) return gatewayError('an answer ended without a gRPC status');
  return isUniversalMethod && code === Code.UNIMPLEMENTED
    ? notEtcdError(details || 'UNIMPLEMENTED')
    : undefined;
}

/**
 * Whether a `content-type` is gRPC's. Every answer of gRPC has one: grpc-go's client refuses an answer without it too.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/PROTOCOL-HTTP2.md#responses
 */
export function isGrpcContentType(contentType: string): boolean {
  return contentType.startsWith('application/grpc');
}

/** The error for an answer that does not come from an etcd. */
export function notEtcdError(answer: string, refused = true): EtcdError {
  const verdict: Verdict = refused ? 'not-applied' : 'maybe-applied';
  return new EtcdError(`this does not look like an etcd: ${answer.slice(0, maxServerTextLength)}`, {
    code: Code.UNIMPLEMENTED,
    verdict,
    reason: 'NotEtcd',
  });
}

/** The final error of a client none of whose members is an etcd. */
export function noEtcdError(members: string): EtcdError {
  return new EtcdError(`no member looks like an etcd: ${members}`, {
    code: Code.UNIMPLEMENTED,
    verdict: 'final',
    reason: 'NotEtcd',
  });
}

/** A failure between this client and an etcd: another member may answer, and this one may answer later. */
function gatewayError(message: string): EtcdError {
  return new EtcdError(message, { code: Code.UNAVAILABLE, verdict: 'maybe-applied' });
}

function tooLargeError(): EtcdError {
  return new EtcdError(
    `a gateway refused the request as too large, with HTTP status ${contentTooLarge}; its limit is below etcd's`,
    { code: Code.INVALID_ARGUMENT, verdict: 'final', reason: 'RequestTooLarge' },
  );
}

function isRefusal(status: number): boolean {
  return status >= 300;
}
