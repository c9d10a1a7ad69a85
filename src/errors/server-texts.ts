import { Code, toCode } from './code.js';
import {
  CompactedError,
  EtcdError,
  type EtcdErrorFields,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
  type Verdict,
} from './etcd-error.js';

/**
 * Texts with which etcd says that it turned a request away before carrying it out.
 * Source: etcd's rpctypes; the codes differ between 3.5 and 3.6, the texts do not, so texts are matched first.
 */
const notApplied = new Set([
  'etcdserver: too many requests',
  'etcdserver: no leader',
  'etcdserver: not capable',
  'etcdserver: rpc not supported for learner',
  'etcdserver: invalid auth token',
  'etcdserver: revision of auth store is old',
]);

/** Texts of a request that may still be carried out after the answer; a timed-out write often is. */
const maybeApplied = new Set([
  'etcdserver: leader changed',
  'etcdserver: server stopped',
  'etcdserver: request timed out',
  'etcdserver: request timed out, possibly due to connection lost',
  'etcdserver: request timed out, possibly due to previous leader failure',
  'etcdserver: request timed out, waiting for the applied index took too long',
  'etcdserver: request timed out, leader transfer took too long',
  'etcdserver: unhealthy cluster',
  'etcdserver: request canceled',
  'etcdserver: watch canceled',
  'context deadline exceeded',
  'not a primary lessor',
]);

/** How a status that no known text explains is judged. */
const maybeAppliedCodes = new Set<Code>([
  Code.UNAVAILABLE,
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNKNOWN,
]);

const decorated = /^rpc error: code = (\w+) desc = (.*)$/s;

/** Go's spelling of the codes that etcd writes into a cancel reason, as far as they change what is thrown. */
const goCodes: Readonly<Record<string, Code>> = {
  PermissionDenied: Code.PERMISSION_DENIED,
  Unauthenticated: Code.UNAUTHENTICATED,
  InvalidArgument: Code.INVALID_ARGUMENT,
  OutOfRange: Code.OUT_OF_RANGE,
  Unavailable: Code.UNAVAILABLE,
  FailedPrecondition: Code.FAILED_PRECONDITION,
  NotFound: Code.NOT_FOUND,
};

/**
 * The error for a status or a watch's cancel reason. Watch reasons come in two spellings, bare and as Go prints
 * a gRPC error; both give the same class.
 */
export function errorFromServer(
  code: number,
  text: string,
  options: { cause?: unknown; notSent?: boolean } = {},
): EtcdError {
  const [bareCode, bareText] = undecorate(toCode(code), text);
  const fields: EtcdErrorFields = {
    code: bareCode,
    verdict: options.notSent ? 'not-applied' : verdictOf(bareCode, bareText),
    serverText: bareText,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  };
  switch (bareText) {
    case 'etcdserver: mvcc: required revision has been compacted':
      return new CompactedError(bareText, 0n);
    case 'etcdserver: requested lease not found':
      return new LeaseNotFoundError(bareText, { ...fields, code: Code.NOT_FOUND });
    case 'etcdserver: permission denied':
      return new PermissionDeniedError(bareText, { ...fields, code: Code.PERMISSION_DENIED });
    case 'etcdserver: invalid auth token':
    case 'etcdserver: user name is empty':
    case 'etcdserver: revision of auth store is old':
    case 'etcdserver: authentication failed, invalid user ID or password':
      return new UnauthenticatedError(bareText, fields);
    default:
      return errorByCode(bareCode, bareText || 'the server gave no reason', fields);
  }
}

/** For texts that are not etcd's, such as a proxy's. */
function errorByCode(code: Code, text: string, fields: EtcdErrorFields): EtcdError {
  switch (code) {
    case Code.PERMISSION_DENIED:
      return new PermissionDeniedError(text, fields);
    case Code.UNAUTHENTICATED:
      return new UnauthenticatedError(text, fields);
    default:
      return new EtcdError(text, fields);
  }
}

function undecorate(code: Code, text: string): [Code, string] {
  const match = decorated.exec(text);
  if (!match) return [code, text];
  return [goCodes[match[1] ?? ''] ?? code, match[2] ?? ''];
}

function verdictOf(code: Code, text: string): Verdict {
  if (notApplied.has(text)) return 'not-applied';
  if (maybeApplied.has(text)) return 'maybe-applied';
  return maybeAppliedCodes.has(code) ? 'maybe-applied' : 'final';
}
