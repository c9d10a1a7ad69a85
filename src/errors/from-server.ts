import { Code, toCode } from './code.js';
import { escapeControls } from './escape-controls.js';
import { EtcdError, type EtcdErrorFields } from './etcd-error.js';
import {
  type EtcdReason,
  findServerText,
  refusesCredentials,
  type ServerText,
  serverTextOf,
} from './server-texts.js';
import {
  CompactedError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from './store-errors.js';
import type { Verdict } from './verdict.js';

/** Codes after which the request may have been applied, for statuses with a text that is not etcd's. */
const maybeAppliedCodes = new Set<Code>([
  Code.UNAVAILABLE,
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNKNOWN,
  Code.ABORTED,
  Code.DATA_LOSS,
  // A member that limits clients may reset a stream (ENHANCE_YOUR_CALM) while its request is in flight.
  Code.RESOURCE_EXHAUSTED,
]);

/**
 * The longest server text that an error keeps, in characters. etcd's own texts are shorter than 200. A hostile server may
 * send a text as long as the receive limit, which every error, log line and gRPC status would repeat.
 */
export const maxServerTextLength = 4_096;

/** The most gRPC prefixes that are removed. etcd adds one and each proxy in between adds another. */
const maxPrefixes = 8;

/**
 * Anchored and unambiguous, so that matching takes linear time.
 *
 * Specification: https://github.com/grpc/grpc-go/blob/v1.83.2/internal/status/status.go#L202
 */
const grpcErrorPrefix = /^rpc error: code = (\w{1,32})(?:\(\d{1,10}\))? desc = /;

/** gRPC codes by their names in Go, which etcd writes into a watch's cancel reason. */
const goCodes: ReadonlyMap<string, Code> = new Map(
  Object.entries({
    Canceled: Code.CANCELLED,
    InvalidArgument: Code.INVALID_ARGUMENT,
    DeadlineExceeded: Code.DEADLINE_EXCEEDED,
    NotFound: Code.NOT_FOUND,
    AlreadyExists: Code.ALREADY_EXISTS,
    PermissionDenied: Code.PERMISSION_DENIED,
    ResourceExhausted: Code.RESOURCE_EXHAUSTED,
    FailedPrecondition: Code.FAILED_PRECONDITION,
    Aborted: Code.ABORTED,
    OutOfRange: Code.OUT_OF_RANGE,
    Unimplemented: Code.UNIMPLEMENTED,
    Internal: Code.INTERNAL,
    Unavailable: Code.UNAVAILABLE,
    DataLoss: Code.DATA_LOSS,
    Unauthenticated: Code.UNAUTHENTICATED,
  } satisfies Record<string, Code>),
);

/**
 * Returns the error for a gRPC status or a watch's cancel reason. A cancel reason is either a bare text or one with the
 * prefix of a gRPC error in Go; both give the same class. A known text of etcd decides the error; for any other text the
 * code does.
 *
 * @param options.notSent The request was certainly not sent, whatever the status says.
 */
export function errorFromServer(
  code: number,
  text: string,
  options: { cause?: unknown; notSent?: boolean } = {},
): EtcdError {
  const [bareCode, bareText] = stripPrefixes(toCode(code), truncate(text));
  const known = findServerText(bareText);
  const verdict = known ? (known.verdict ?? 'final') : verdictOfCode(bareCode);
  const fields: EtcdErrorFields = {
    code: known?.code ?? bareCode,
    verdict: options.notSent ? 'not-applied' : verdict,
    serverText: bareText,
    ...(known ? { reason: known.reason } : {}),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  };
  return makeError(bareText || 'the server gave no reason', fields);
}

/** Returns the error of a refusal that etcd reports by other means than a gRPC status. */
export function errorFor(reason: EtcdReason): EtcdError {
  return errorFromServer(Code.UNKNOWN, serverTextOf(reason));
}

/** The error for a method that the member's release of etcd does not have. */
export function methodUnsupportedError(serverText: string): EtcdError {
  return makeError(serverText, { code: Code.UNIMPLEMENTED, serverText, reason: 'MethodUnsupported' });
}

/**
 * Whether the request was refused because an earlier attempt, whose answer was lost, has already done what it asked for.
 * @param refusals etcd's refusals of a change that was made before.
 */
export function wasDoneBefore(error: unknown, ...refusals: readonly EtcdReason[]): boolean {
  const isRefused = error instanceof EtcdError && (refusals as readonly unknown[]).includes(error.reason);
  return isRefused && error.verdict === 'maybe-applied';
}

/** Makes an error of the class that belongs to the server's text, or to the code if the text is unknown. */
export function makeError(text: string, fields: EtcdErrorFields): EtcdError {
  const kind = findServerText(fields.serverText ?? '')?.kind ?? kindOfCode(fields.code);
  switch (kind) {
    case 'compacted':
      return new CompactedError(text, 0n, fields.serverText);
    case 'lease-not-found':
      return new LeaseNotFoundError(text, fields);
    case 'permission-denied':
      return new PermissionDeniedError(text, fields);
    case 'unauthenticated':
    case 'credentials-refused':
      return new UnauthenticatedError(text, fields);
    case undefined:
      return new EtcdError(text, fields);
  }
}

/** The class for a text that is not etcd's, such as a proxy's. */
function kindOfCode(code: Code): ServerText['kind'] {
  if (code === Code.PERMISSION_DENIED) return 'permission-denied';
  return code === Code.UNAUTHENTICATED ? 'unauthenticated' : undefined;
}

/** Removes the prefixes of gRPC errors in Go. Each proxy adds another one. */
function stripPrefixes(code: Code, text: string): [Code, string] {
  let [bareCode, bareText] = [code, text];
  for (let layer = 0; layer < maxPrefixes; layer++) {
    const match = grpcErrorPrefix.exec(bareText);
    if (!match) break;
    bareCode = goCodes.get(match[1] ?? '') ?? bareCode;
    bareText = bareText.slice(match[0].length);
  }
  return [bareCode, bareText];
}

/** Escapes and shortens a server's text; grpc-js may report a status without one. etcd's own texts need no escapes. */
function truncate(text: string | undefined): string {
  if (text === undefined) return '';
  const escaped = escapeControls(text.slice(0, maxServerTextLength + 1));
  return escaped.length > maxServerTextLength ? `${escaped.slice(0, maxServerTextLength)}…` : escaped;
}

function verdictOfCode(code: Code): Verdict {
  return maybeAppliedCodes.has(code) ? 'maybe-applied' : 'final';
}

/**
 * Whether another attempt would get the same error although the verdict allows one, so that not even a read is retried.
 * An answer over the receive limit, for example, would be transferred in full each time.
 */
export function isPersistent(error: EtcdError): boolean {
  return error.reason === 'NoSpace' || error.reason === 'ResponseTooLarge';
}

/** Whether a new token may help. It does not if etcd refused the user or the password. */
export function needsNewToken(error: EtcdError): boolean {
  return error instanceof UnauthenticatedError && !refusesCredentials(error.reason);
}

/** Whether the server is an etcd without the method, and not another kind of server. */
export function isUnsupported({ code, reason }: Pick<EtcdError, 'code' | 'reason'>): boolean {
  return code === Code.UNIMPLEMENTED && reason !== 'NotEtcd';
}
