import {
  CompactedError,
  EtcdError,
  LeaseNotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
} from './etcd-error.js';
import { makeError } from './from-server.js';

/** What was asked of etcd, for the text of the error that it was answered with. Never a value, password or token. */
export interface RequestDescription {
  /** The RPC, e.g. `Range`. */
  readonly method: string;
  /** What of the store it is about, fit for a line: `'a'`, `the prefix 'a/'`. */
  readonly subject?: string;
  readonly access?: 'read' | 'write' | 'read or write';
  /** What `etcdctl role grant-permission ROLE` takes so that a role may do it. */
  readonly grant?: string;
  /** The lease that it names, as `lease 4d (hex)`. */
  readonly lease?: string;
  /** The user of the client; undefined for one without a user, or with tokens, which name none. */
  readonly user?: string | undefined;
  /** Whether the client has a user or tokens. */
  readonly hasAuth?: boolean;
}

/** The method and what it is about: `Range 'a'`. */
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
 * The same error with a text that says what was asked, and by whom. Another object, since several callers may have the
 * one that is given. What is no refusal of a server's, or says so already, is returned as it is.
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
        'authentication is on: give auth, a user and a password or a tokenProvider',
        request,
      );
    case 'AuthFailed':
    case 'NoPasswordUser':
      return `user '${user ?? ''}' or its password was refused: ${serverText} (${request.method})`;
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
  const help = grant === undefined ? '' : `; grant: etcdctl role grant-permission ROLE ${grant}`;
  return `${who} may not ${access} ${subject} (${method})${help}`;
}

function leaseNotFoundText(lease: string, { method, subject }: RequestDescription): string {
  const about = subject === undefined || subject === lease ? method : `${method} ${subject}`;
  return `${lease} was not found (${about})`;
}
