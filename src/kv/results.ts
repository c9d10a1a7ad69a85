import { Code, errorFromServer } from '../errors/index.js';
import { newResult, type Revision, withJson } from '../model/index.js';
import type {
  DeleteRangeResponse,
  PutResponse,
  RangeResponse,
  ResponseOp,
  TxnResponse,
} from '../wire/index.js';
import type { DeleteResult, GetResult, OpResult, PutResult, RangeResult, TxnResult } from './types.js';

type WithHeader = { readonly header: { readonly revision: bigint } | undefined };

export function getResult(response: RangeResponse): GetResult {
  const result = newResult<GetResult>();
  result.kv = response.kvs[0];
  result.revision = revisionOf(response);
  return result;
}

export function rangeResult(response: RangeResponse, revision = revisionOf(response)): RangeResult {
  const result = newResult<RangeResult>();
  result.kvs = response.kvs;
  result.more = response.more;
  result.count = response.count;
  result.revision = revision;
  return result;
}

export function putResult(response: PutResponse, revision = revisionOf(response)): PutResult {
  const result = newResult<PutResult>();
  result.revision = revision;
  result.prevKv = response.prevKv;
  return result;
}

export function deleteResult(response: DeleteRangeResponse, revision = revisionOf(response)): DeleteResult {
  const result = newResult<DeleteResult>();
  result.deleted = response.deleted;
  result.prevKvs = response.prevKvs;
  result.revision = revision;
  return result;
}

/** Results inside a transaction have incomplete headers (a nested one has none), so all get the outer revision. */
export function txnResult(response: TxnResponse, revision = revisionOf(response)): TxnResult {
  return withJson({
    succeeded: response.succeeded,
    revision,
    results: response.responses.map((one) => withJson(opResult(one, revision))),
  });
}

function opResult({ response }: ResponseOp, revision: Revision): OpResult {
  switch (response?.$case) {
    case 'responsePut':
      return { type: 'put', ...putResult(response.value, revision) };
    case 'responseDeleteRange':
      return { type: 'delete', ...deleteResult(response.value, revision) };
    case 'responseTxn':
      return { type: 'txn', ...txnResult(response.value, revision) };
    case 'responseRange':
      return { type: 'range', ...rangeResult(response.value, revision) };
    case undefined:
      return { type: 'range', kvs: [], more: false, count: 0n, revision };
  }
}

/** etcd always sends a header; a response without one comes from another server. */
export function revisionOf(response: WithHeader): Revision {
  if (!response.header) throw errorFromServer(Code.INTERNAL, "the response is not etcd's: it has no header");
  return response.header.revision;
}
