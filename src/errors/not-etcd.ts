import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';
import { maxServerTextLength } from './from-server.js';
import { httpStatusOf } from './transport-texts.js';
import type { Verdict } from './verdict.js';

/** How a call ended, as far as it shows who answered. */
export interface CallEnd {
  readonly code: number;
  readonly details: string | undefined;
  /** The type of what was answered; undefined where there was no answer, or no type. */
  readonly contentType: string | undefined;
  /** Whether every etcd has the method that was called. */
  readonly isUniversalMethod: boolean;
}

/**
 * HTTP statuses of a gateway whose server is away or slow. All others are answers of something else: etcd answers
 * gRPC with HTTP status 200 alone.
 */
const isGatewayFailure = (status: number) => status >= 500 || [408, 429, 499].includes(status);

/**
 * The error for an answer that no etcd gives: HTTP that is not gRPC, or UNIMPLEMENTED for a method that every etcd has.
 * Undefined for any other answer. A gateway's 5xx is UNAVAILABLE, since an etcd may be behind it; anything else has the
 * reason `NotEtcd`.
 */
export function detectNotEtcd({
  code,
  details,
  contentType,
  isUniversalMethod,
}: CallEnd): EtcdError | undefined {
  const status = httpStatusOf(details);
  if (status !== undefined && isGatewayFailure(status)) {
    return new EtcdError(`a gateway answered with HTTP status ${status}`, {
      code: Code.UNAVAILABLE,
      verdict: 'maybe-applied',
    });
  }
  // Of a page with status 200 nothing shows whether a request was carried out before; a refusal shows that it was not.
  if (status !== undefined) return notEtcdError(`HTTP status ${status}`, isRefusal(status));
  if (contentType !== undefined && !isGrpcContentType(contentType))
    return notEtcdError(`an answer of type ${contentType}`, false);
  return isUniversalMethod && code === Code.UNIMPLEMENTED
    ? notEtcdError(details || 'UNIMPLEMENTED')
    : undefined;
}

/** Of a `content-type`, as gRPC's specification judges it. */
export function isGrpcContentType(contentType: string): boolean {
  return contentType.startsWith('application/grpc');
}

/** The same for an answer whose meaning another one has shown. */
export function notEtcdError(answer: string, refused = true): EtcdError {
  const verdict: Verdict = refused ? 'not-applied' : 'maybe-applied';
  return new EtcdError(`this does not look like an etcd: ${answer.slice(0, maxServerTextLength)}`, {
    code: Code.UNIMPLEMENTED,
    verdict,
    reason: 'NotEtcd',
  });
}

/** For a client none of whose members looks like an etcd. */
export function noEtcdError(members: string): EtcdError {
  return new EtcdError(`no member looks like an etcd: ${members}`, {
    code: Code.UNIMPLEMENTED,
    verdict: 'final',
    reason: 'NotEtcd',
  });
}

function isRefusal(status: number): boolean {
  return status >= 300;
}
