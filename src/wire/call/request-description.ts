import type { RequestDescription } from '../../errors/index.js';
import type {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../../gen/etcd/rpc.js';
import {
  type AccessedRange,
  describeAccess,
  describeLease,
  printable,
  type WireRange,
} from '../../model/index.js';
import type { AuthOptions } from '../auth/auth.js';
import { methodName } from '../method.js';
import { paths } from '../paths.js';
import { describeAdmin } from './admin-description.js';

type Described = Pick<RequestDescription, 'subject' | 'access' | 'grant' | 'lease'>;

/**
 * Describes a request for an error message. Called only after a failure.
 * @param endpoint That of the member, if the caller named it.
 */
export function describeRequest(
  method: { readonly path: string },
  request: unknown,
  auth?: AuthOptions,
  endpoint?: string,
): RequestDescription {
  const described = describe(method.path, request);
  const on = endpoint === undefined ? {} : { subject: onMember(described.subject, endpoint) };
  return { method: methodName(method), ...described, ...on, ...userOf(auth) };
}

function onMember(subject: string | undefined, endpoint: string): string {
  return `${subject === undefined ? '' : `${subject} `}on ${endpoint}`;
}

/** The client's user, for error messages. */
export function userOf(auth: AuthOptions | undefined): Pick<RequestDescription, 'user' | 'hasAuth'> {
  if (auth === undefined) return {};
  return { hasAuth: true, user: 'username' in auth ? printable(auth.username) : undefined };
}

/** The ranges of keys that a request reads or writes, in its order; none for a request of another service than KV. */
export function accessOf(path: string, request: unknown): readonly AccessedRange[] {
  switch (path) {
    case paths.range:
    case paths.rangeStream:
      return [{ range: request as RangeRequest, access: 'read' }];
    case paths.put:
      return [accessByPut(request as PutRequest)];
    case paths.deleteRange:
      return [accessByDelete(request as DeleteRangeRequest)];
    case paths.txn:
      return accessByTxn(request as TxnRequest);
    default:
      return [];
  }
}

function describe(path: string, request: unknown): Described {
  switch (path) {
    case paths.range:
    case paths.rangeStream:
      return describeRange(request as RangeRequest);
    case paths.put:
      return describePut(request as PutRequest);
    case paths.deleteRange:
    case paths.txn:
      return describeAccess(accessOf(path, request));
    case paths.compact:
      return { subject: `at revision ${(request as CompactionRequest).revision}` };
    case paths.leaseGrant:
    case paths.leaseRevoke:
    case paths.leaseTimeToLive:
      return describeLeaseRequest((request as { readonly ID: bigint }).ID);
    default:
      return describeAdmin(path, request);
  }
}

function describeLeaseRequest(lease: bigint): Described {
  const text = describeLease(lease);
  return { subject: text, lease: text };
}

function describeRange(request: RangeRequest): Described {
  const described = describeAccess(accessOf(paths.range, request));
  const { revision } = request;
  return revision > 0n
    ? { ...described, subject: `${described.subject} at revision ${revision}` }
    : described;
}

function describePut(request: PutRequest): Described {
  const { lease } = request;
  const described = describeAccess(accessOf(paths.put, request));
  return lease === 0n ? described : { ...described, lease: describeLease(lease) };
}

function accessByPut({ key, prevKv }: PutRequest): AccessedRange {
  return { range: oneKey(key), access: prevKv ? 'read or write' : 'write' };
}

function accessByDelete(request: DeleteRangeRequest): AccessedRange {
  return { range: request, access: request.prevKv ? 'read or write' : 'write' };
}

function oneKey(key: Buffer): WireRange {
  return { key, rangeEnd: Buffer.alloc(0) };
}

function accessByTxn({ compare, success, failure }: TxnRequest): AccessedRange[] {
  return [
    ...compare.map((range): AccessedRange => ({ range, access: 'read' })),
    ...[...success, ...failure].flatMap(accessByOp),
  ];
}

function accessByOp({ request }: RequestOp): AccessedRange[] {
  switch (request?.$case) {
    case 'requestRange':
      return [{ range: request.value, access: 'read' }];
    case 'requestPut':
      return [accessByPut(request.value)];
    case 'requestDeleteRange':
      return [accessByDelete(request.value)];
    case 'requestTxn':
      return accessByTxn(request.value);
    case undefined:
      return [];
  }
}
