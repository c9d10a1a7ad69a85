import type { RequestDescription } from '../../errors/index.js';
import {
  type CompactionRequest,
  type DeleteRangeRequest,
  KVService,
  LeaseService,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
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

type Described = Pick<RequestDescription, 'subject' | 'access' | 'grant' | 'lease'>;

/** Describes a request for an error message. Not called for calls that succeed. */
export function describeRequest(
  method: { readonly path: string },
  request: unknown,
  auth?: AuthOptions,
): RequestDescription {
  return { method: methodName(method), ...describe(method.path, request), ...userOf(auth) };
}

/** The client's user, for error messages. */
export function userOf(auth: AuthOptions | undefined): Pick<RequestDescription, 'user' | 'hasAuth'> {
  if (auth === undefined) return {};
  return { hasAuth: true, user: 'username' in auth ? printable(auth.username) : undefined };
}

function describe(path: string, request: unknown): Described {
  switch (path) {
    case KVService.range.path:
    case KVService.rangeStream.path:
      return read(request as RangeRequest);
    case KVService.put.path:
      return put(request as PutRequest);
    case KVService.deleteRange.path:
      return describeAccess([deleted(request as DeleteRangeRequest)]);
    case KVService.txn.path:
      return describeAccess(touchedBy(request as TxnRequest));
    case KVService.compact.path:
      return { subject: `at revision ${(request as CompactionRequest).revision}` };
    case LeaseService.leaseGrant.path:
    case LeaseService.leaseRevoke.path:
    case LeaseService.leaseTimeToLive.path:
      return ofLease((request as { readonly ID: bigint }).ID);
    default:
      return {};
  }
}

function ofLease(lease: bigint): Described {
  const text = describeLease(lease);
  return { subject: text, lease: text };
}

function read(request: RangeRequest): Described {
  const described = describeAccess([{ range: request, access: 'read' }]);
  const { revision } = request;
  return revision > 0n
    ? { ...described, subject: `${described.subject} at revision ${revision}` }
    : described;
}

function put(request: PutRequest): Described {
  const { lease } = request;
  const described = describeAccess([putBy(request)]);
  return lease === 0n ? described : { ...described, lease: describeLease(lease) };
}

function putBy({ key, prevKv }: PutRequest): AccessedRange {
  return { range: oneKey(key), access: prevKv ? 'read or write' : 'write' };
}

function deleted(request: DeleteRangeRequest): AccessedRange {
  return { range: request, access: request.prevKv ? 'read or write' : 'write' };
}

function oneKey(key: Buffer): WireRange {
  return { key, rangeEnd: Buffer.alloc(0) };
}

function touchedBy({ compare, success, failure }: TxnRequest): AccessedRange[] {
  return [
    ...compare.map((range): AccessedRange => ({ range, access: 'read' })),
    ...[...success, ...failure].flatMap(touchedByOp),
  ];
}

function touchedByOp({ request }: RequestOp): AccessedRange[] {
  switch (request?.$case) {
    case 'requestRange':
      return [{ range: request.value, access: 'read' }];
    case 'requestPut':
      return [putBy(request.value)];
    case 'requestDeleteRange':
      return [deleted(request.value)];
    case 'requestTxn':
      return touchedBy(request.value);
    case undefined:
      return [];
  }
}
