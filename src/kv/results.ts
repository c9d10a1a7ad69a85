import { Code, errorFromServer } from '../errors/index.js';
import { newResult, type Revision, withJson } from '../model/index.js';
import type {
  DeleteRangeResponse,
  PutResponse,
  RangeRequest,
  RangeResponse,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from '../wire/index.js';
import { checkRangeResponse, checkTxnResponse } from './response-check.js';
import type { DeleteResult, GetResult, OpResult, PutResult, RangeResult, TxnResult } from './types.js';

type WithHeader = { readonly header: { readonly revision: bigint } | undefined };

// The conversions of calls: from a response and its request to the result.

export function getResult(response: RangeResponse, request: RangeRequest): GetResult {
  checkRangeResponse(request, response);
  const result = newResult<GetResult>();
  result.kv = response.kvs[0];
  result.revision = revisionOf(response);
  return result;
}

export function rangeResult(response: RangeResponse, request: RangeRequest): RangeResult {
  checkRangeResponse(request, response);
  return rangeResultAt(response, revisionOf(response));
}

export function putResult(response: PutResponse): PutResult {
  return putResultAt(response, revisionOf(response));
}

export function deleteResult(response: DeleteRangeResponse): DeleteResult {
  return deleteResultAt(response, revisionOf(response));
}

export function txnResult(response: TxnResponse, request: TxnRequest): TxnResult {
  checkTxnResponse(request, response);
  return txnResultAt(response, revisionOf(response));
}

// Results inside a transaction have incomplete headers (a nested one has none), so all get the outer revision.

function rangeResultAt({ kvs, more, count }: RangeResponse, revision: Revision): RangeResult {
  const result = newResult<RangeResult>();
  result.kvs = kvs;
  result.more = more;
  result.count = count;
  result.revision = revision;
  return result;
}

function putResultAt({ prevKv }: PutResponse, revision: Revision): PutResult {
  const result = newResult<PutResult>();
  result.revision = revision;
  result.prevKv = prevKv;
  return result;
}

function deleteResultAt({ deleted, prevKvs }: DeleteRangeResponse, revision: Revision): DeleteResult {
  const result = newResult<DeleteResult>();
  result.deleted = deleted;
  result.prevKvs = prevKvs;
  result.revision = revision;
  return result;
}

function txnResultAt({ succeeded, responses }: TxnResponse, revision: Revision): TxnResult {
  return withJson({
    succeeded,
    revision,
    results: responses.map((one) => withJson(opResult(one, revision))),
  });
}

function opResult({ response }: ResponseOp, revision: Revision): OpResult {
  switch (response?.$case) {
    case 'responsePut':
      return { type: 'put', ...putResultAt(response.value, revision) };
    case 'responseDeleteRange':
      return { type: 'delete', ...deleteResultAt(response.value, revision) };
    case 'responseTxn':
      return { type: 'txn', ...txnResultAt(response.value, revision) };
    case 'responseRange':
      return { type: 'range', ...rangeResultAt(response.value, revision) };
    case undefined:
      return { type: 'range', kvs: [], more: false, count: 0n, revision };
  }
}

/** etcd always sends a header; a response without one comes from another server. */
export function revisionOf(response: WithHeader): Revision {
  if (!response.header) throw errorFromServer(Code.INTERNAL, "the response is not etcd's: it has no header");
  return response.header.revision;
}
