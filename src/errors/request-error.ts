import { EtcdError } from './etcd-error.js';
import { makeError } from './from-server.js';
import {
  CompactedError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from './store-errors.js';

/** The request that failed, for the error's message. Never contains a value, a password or a token. */
export interface RequestDescription {
  /** The RPC, e.g. `Range`. */
  readonly method: string;
  /** The keys or lease that the request concerns, printable: `'a'`, `the prefix 'a/'`. */
  readonly subject?: string;
  /** The permission that the request needs on those keys. */
  readonly access?: 'read' | 'write' | 'read or write';
  /** The `etcdctl` command that would allow the request to a role. */
  readonly grant?: string;
  /** The lease in the request, as `lease 4d (hex)`. */
  readonly lease?: string;
  /** The client's user; undefined without a user, and with a `tokenProvider`, whose tokens do not name one. */
  readonly user?: string | undefined;
  /** Whether the client has credentials. */
  readonly hasAuth?: boolean;
}

/** The method and its subject: `Range 'a'`. */
export function requestName({ method, subject }: RequestDescription): string {
  return subject === undefined ? method : `${method} ${subject}`;
}

const serverErrorClasses: readonly unknown[] = [
  EtcdError,
  CompactedError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
];

/**
 * Returns a copy of the error whose message names the request and the user. A copy, because several callers may share
 * the original. Errors that are not a server's refusal, or whose message already names the request, are returned
 * unchanged.
 */
export function requestError(error: EtcdError, request: RequestDescription): EtcdError {
  const { code, verdict, serverText, reason, cause } = error;
  if (serverText === undefined || !serverErrorClasses.includes(error.constructor)) return error;
  const fields = {
    code,
    verdict,
    serverText,
    ...(reason && { reason }),
    ...(cause === undefined ? {} : { cause }),
  };
  const text = refusalText(serverText, reason, request);
  return error instanceof CompactedError
    ? new CompactedError(text, error.compactRevision, serverText)
    : makeError(text, fields);
}

function refusalText(serverText: string, reason: EtcdError['reason'], request: RequestDescription): string {
  const { lease, user, hasAuth } = request;
  switch (reason) {
    case 'PermissionDenied':
      return permissionDeniedText(request);
    case 'LeaseNotFound':
      return lease === undefined ? withRequest(serverText, request) : leaseNotFoundText(lease, request);
    case 'UserEmpty':
      if (hasAuth) break;
      return withRequest(
        'authentication is enabled: set auth to a username and password or to a tokenProvider',
        request,
      );
    case 'AuthFailed':
    case 'NoPasswordUser':
      return `user '${user ?? ''}' or its password was refused: ${serverText} (${request.method})`;
    case 'MethodUnsupported':
      return `this release of etcd does not have ${request.method}: ${serverText}`;
    default:
      break;
  }
  return withRequest(serverText, request);
}

function withRequest(text: string, request: RequestDescription): string {
  const as = request.user === undefined ? '' : ` as user '${request.user}'`;
  return `${text} (${requestName(request)}${as})`;
}

function permissionDeniedText(request: RequestDescription): string {
  const { method, subject, access, grant, user } = request;
  const who = user === undefined ? 'this user' : `user '${user}'`;
  if (access === undefined) return `${who} may not do this: ${requestName(request)}`;
  const help = grant === undefined ? '' : `; grant: ${grant}`;
  return `${who} may not ${access} ${subject} (${method})${help}`;
}

function leaseNotFoundText(lease: string, { method, subject }: RequestDescription): string {
  const about = subject === undefined || subject === lease ? method : `${method} ${subject}`;
  return `${lease} was not found (${about})`;
}
