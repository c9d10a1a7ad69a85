import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import type { RangeRequest, RangeResponse, RequestOp, TxnRequest, TxnResponse } from '../wire/index.js';

/**
 * An answer that cannot be to this request comes from a server that lies, or confuses its callers.
 * @throws {EtcdError} for more keys than were asked for, or another one.
 */
export function checkRange({ key, rangeEnd, limit }: RangeRequest, { kvs }: RangeResponse): void {
  const isSingle = rangeEnd.length === 0;
  if (isSingle ? kvs.length > 1 : limit > 0n && kvs.length > limit) throw misfit('more keys than asked for');
  const [first] = kvs;
  if (isSingle && first && !first.key.equals(key)) throw misfit('another key');
}

/** @throws {EtcdError} unless there is an answer to each operation of the branch that ran, and of its kind. */
export function checkTxn(request: TxnRequest, { succeeded, responses }: TxnResponse): void {
  const ran = succeeded ? request.success : request.failure;
  if (ran.length !== responses.length) throw misfit('not as many answers as operations');
  for (const [i, operation] of ran.entries()) checkOperation(operation, responses[i]);
}

function checkOperation({ request }: RequestOp, answer: TxnResponse['responses'][number] | undefined): void {
  const { response } = answer ?? {};
  switch (request?.$case) {
    case 'requestRange':
      if (response?.$case !== 'responseRange') throw misfit('an answer of another kind');
      checkRange(request.value, response.value);
      return;
    case 'requestTxn':
      if (response?.$case !== 'responseTxn') throw misfit('an answer of another kind');
      checkTxn(request.value, response.value);
      return;
    case 'requestPut':
      if (response?.$case !== 'responsePut') throw misfit('an answer of another kind');
      return;
    case 'requestDeleteRange':
      if (response?.$case !== 'responseDeleteRange') throw misfit('an answer of another kind');
      return;
    case undefined:
  }
}

function misfit(what: string): EtcdError {
  return errorFromServer(Code.INTERNAL, `the answer is not etcd's: it has ${what}`);
}
