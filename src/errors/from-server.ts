import { Code, toCode } from './code.js';
import { escapeControls } from './escape-controls.js';
import {
  CompactedError,
  EtcdError,
  type EtcdErrorFields,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from './etcd-error.js';
import {
  type EtcdReason,
  findServerText,
  refusesCredentials,
  type ServerText,
  serverTextOf,
} from './server-texts.js';
import type { Verdict } from './verdict.js';

/** How a status that no known text explains is judged. */
const maybeAppliedCodes = new Set<Code>([
  Code.UNAVAILABLE,
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNKNOWN,
  Code.ABORTED,
  Code.DATA_LOSS,
  // Among others a stream reset by a member that has had enough of us, with the request under way.
  Code.RESOURCE_EXHAUSTED,
]);

/**
 * Characters of a server's text that are read and kept. etcd's own are below 200; what a hostile server sends, up to
 * the receive limit, would otherwise stay in every error, log line and gRPC status that repeats it.
 */
export const maxServerTextLength = 4_096;

/** Decorations that are taken off: one by etcd, one by each proxy in between, and some to spare. */
const maxPrefixes = 8;

/** Anchored, and without anything that could be read in two ways: linear. */
const grpcErrorPrefix = /^rpc error: code = (\w{1,32})(?:\(\d{1,10}\))? desc = /;

/** Go's spelling of the codes, as etcd writes them into a cancel reason. */
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
 * The error for a status or a watch's cancel reason. Watch reasons come in two spellings, bare and as Go prints
 * a gRPC error; both give the same class. A text of etcd's decides by itself; any other is judged by its code.
 *
 * @param options.notSent the request surely never left, whatever the status says.
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

/** The error that etcd's refusal of this name would give, for what it says by other means than a status. */
export function errorFor(reason: EtcdReason): EtcdError {
  return errorFromServer(Code.UNKNOWN, serverTextOf(reason));
}

/** The error of the class that the server's text asks for, else the code. */
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

/** For texts that are not etcd's, such as a proxy's. */
function kindOfCode(code: Code): ServerText['kind'] {
  if (code === Code.PERMISSION_DENIED) return 'permission-denied';
  return code === Code.UNAUTHENTICATED ? 'unauthenticated' : undefined;
}

/** A proxy decorates what was decorated before. */
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

/** Also for an answer that makes grpc-js report a status without a text. No text of etcd's has what is escaped. */
function truncate(text: string | undefined): string {
  if (text === undefined) return '';
  const escaped = escapeControls(text.slice(0, maxServerTextLength + 1));
  return escaped.length > maxServerTextLength ? `${escaped.slice(0, maxServerTextLength)}…` : escaped;
}

function verdictOfCode(code: Code): Verdict {
  return maybeAppliedCodes.has(code) ? 'maybe-applied' : 'final';
}

/**
 * Whether the same request would meet the same answer for now although it may have been applied: worth no further
 * try, not even of a read. An answer over the receive limit would be sent whole each time.
 */
export function isPersistent(error: EtcdError): boolean {
  return error.reason === 'NoSpace' || error.reason === 'ResponseTooLarge';
}

/** Whether a new token may change the answer: not where etcd refused the user, or its password, itself. */
export function needsNewToken(error: EtcdError): boolean {
  return error instanceof UnauthenticatedError && !refusesCredentials(error.reason);
}
