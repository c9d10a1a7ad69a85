import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import { converted, namespaceKey, namespaceRange, stripPrefix } from '../model/index.js';
import type {
  DeleteRangeResponse,
  KvCalls,
  PutResponse,
  RangeResponse,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from '../wire/index.js';

/**
 * etcd's KV service inside a namespace: the prefix is added to every key of a request, including compares and nested
 * transactions, and removed from every key of a response. No range reaches outside the prefix. Leases, revisions and
 * compaction are those of the store. Namespaces nest: the inner prefix follows the outer one.
 */
export function namespacedKvCalls(calls: KvCalls, prefix: Buffer): KvCalls {
  const toStored = <T extends { readonly key: Buffer; readonly rangeEnd: Buffer }>(request: T): T => ({
    ...request,
    ...namespaceRange(prefix, request),
  });
  return {
    range: (request, options, convert) =>
      calls.range(toStored(request), options, (response) =>
        converted(stripRange(prefix, response), request, convert),
      ),
    put: (request, idempotency, options, convert) => {
      const stored = { ...request, key: namespaceKey(prefix, request.key) };
      return calls.put(stored, idempotency, options, (response) =>
        converted(stripPut(prefix, response), request, convert),
      );
    },
    deleteRange: (request, idempotency, options, convert) =>
      calls.deleteRange(toStored(request), idempotency, options, (response) =>
        converted(stripDelete(prefix, response), request, convert),
      ),
    txn: (request, idempotency, options, convert) =>
      calls.txn(namespaceTxn(prefix, request), idempotency, options, (response) =>
        converted(stripTxn(prefix, response), request, convert),
      ),
    store: calls.store,
    compact: (request, options) => calls.compact(request, options),
    keepProcessAlive: () => calls.keepProcessAlive(),
    rangeStream: (request, handlers) => {
      const stream = calls.rangeStream(toStored(request), {
        ...(handlers.opened && { opened: handlers.opened }),
        message: (chunk, bytes) => {
          try {
            stripRange(prefix, chunk);
          } catch {
            const error = foreignKey();
            stream.fail(error);
            handlers.end(error);
            return;
          }
          return handlers.message(chunk, bytes);
        },
        end: (error) => handlers.end(error),
      });
      return stream;
    },
  };
}

function namespaceTxn(prefix: Buffer, { compare, success, failure }: TxnRequest): TxnRequest {
  return {
    compare: compare.map((one) => ({ ...one, ...namespaceRange(prefix, one) })),
    success: success.map((one) => namespaceOp(prefix, one)),
    failure: failure.map((one) => namespaceOp(prefix, one)),
  };
}

function namespaceOp(prefix: Buffer, { request }: RequestOp): RequestOp {
  switch (request?.$case) {
    case 'requestPut': {
      const key = namespaceKey(prefix, request.value.key);
      return { request: { ...request, value: { ...request.value, key } } };
    }
    case 'requestRange':
      return {
        request: { ...request, value: { ...request.value, ...namespaceRange(prefix, request.value) } },
      };
    case 'requestDeleteRange':
      return {
        request: { ...request, value: { ...request.value, ...namespaceRange(prefix, request.value) } },
      };
    case 'requestTxn':
      return { request: { ...request, value: namespaceTxn(prefix, request.value) } };
    case undefined:
      return { request: undefined };
  }
}

// Responses are changed in place: no one else has them, and they may contain 100,000 keys.

function stripRange(prefix: Buffer, response: RangeResponse): RangeResponse {
  for (const kv of response.kvs) strip(prefix, kv);
  return response;
}

function stripPut(prefix: Buffer, response: PutResponse): PutResponse {
  if (response.prevKv) strip(prefix, response.prevKv);
  return response;
}

function stripDelete(prefix: Buffer, response: DeleteRangeResponse): DeleteRangeResponse {
  for (const kv of response.prevKvs) strip(prefix, kv);
  return response;
}

function stripTxn(prefix: Buffer, response: TxnResponse): TxnResponse {
  for (const one of response.responses) stripOp(prefix, one);
  return response;
}

function stripOp(prefix: Buffer, { response }: ResponseOp): void {
  switch (response?.$case) {
    case 'responseRange':
      stripRange(prefix, response.value);
      return;
    case 'responsePut':
      stripPut(prefix, response.value);
      return;
    case 'responseDeleteRange':
      stripDelete(prefix, response.value);
      return;
    case 'responseTxn':
      stripTxn(prefix, response.value);
      return;
    case undefined:
  }
}

function strip(prefix: Buffer, kv: { key: Buffer }): void {
  const key = stripPrefix(prefix, kv.key);
  if (key === undefined) throw foreignKey();
  kv.key = key;
}

function foreignKey(): EtcdError {
  return errorFromServer(Code.INTERNAL, 'the response has a key outside the requested range');
}
