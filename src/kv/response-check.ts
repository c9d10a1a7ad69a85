import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import type { RangeRequest, RangeResponse, RequestOp, TxnRequest, TxnResponse } from '../wire/index.js';

/**
 * Checks that a response fits its request. One that does not comes from a broken server or proxy.
 * @throws {EtcdError} if the response has more keys than requested, or a different key.
 */
export function checkRangeResponse({ key, rangeEnd, limit }: RangeRequest, { kvs }: RangeResponse): void {
  const isSingle = rangeEnd.length === 0;
  if (isSingle ? kvs.length > 1 : limit > 0n && kvs.length > limit)
    throw invalidResponse('more keys than requested');
  const [first] = kvs;
  if (isSingle && first && !first.key.equals(key)) throw invalidResponse('a different key');
}

/** @throws {EtcdError} unless each operation of the branch that ran has a response of its type. */
export function checkTxnResponse(request: TxnRequest, { succeeded, responses }: TxnResponse): void {
  const ran = succeeded ? request.success : request.failure;
  if (ran.length !== responses.length) throw invalidResponse('a different number of results than operations');
  for (const [i, operation] of ran.entries()) checkOpResponse(operation, responses[i]);
}

function checkOpResponse(
  { request }: RequestOp,
  opResponse: TxnResponse['responses'][number] | undefined,
): void {
  const { response } = opResponse ?? {};
  switch (request?.$case) {
    case 'requestRange':
      if (response?.$case !== 'responseRange') throw invalidResponse('a result of a different type');
      checkRangeResponse(request.value, response.value);
      return;
    case 'requestTxn':
      if (response?.$case !== 'responseTxn') throw invalidResponse('a result of a different type');
      checkTxnResponse(request.value, response.value);
      return;
    case 'requestPut':
      if (response?.$case !== 'responsePut') throw invalidResponse('a result of a different type');
      return;
    case 'requestDeleteRange':
      if (response?.$case !== 'responseDeleteRange') throw invalidResponse('a result of a different type');
      return;
    case undefined:
  }
}

function invalidResponse(what: string): EtcdError {
  return errorFromServer(Code.INTERNAL, `the response is not etcd's: it has ${what}`);
}
