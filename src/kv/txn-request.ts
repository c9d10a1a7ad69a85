import { InvalidInputError } from '../errors/index.js';
import { checkInt64, minInt64, toBuffer, toWireRange, wrongTypeError } from '../model/index.js';
import type { RequestOp, TxnRequest, Compare as WireCompare } from '../wire/index.js';
import { deleteRequest, known, putRequest, rangeRequest } from './requests.js';
import type { Compare, Op, Txn } from './txn.js';
import { refuseConflicts } from './txn-conflicts.js';

/**
 * The transaction on the wire.
 * @param maxTxnOps etcd's `--max-txn-ops`; 0 leaves that check to the server.
 * @throws {InvalidInputError} for too many operations, a key that one branch puts twice or puts and deletes, or what
 *   no transaction can hold.
 */
export function txnRequest(txn: Txn, maxTxnOps: number): TxnRequest {
  const request = wireTxn(txn);
  const operations = operationsOf(request);
  if (maxTxnOps > 0 && operations > maxTxnOps) {
    throw new InvalidInputError(
      `the transaction has ${operations} operations; the limit is ${maxTxnOps} (maxTxnOps; etcd's --max-txn-ops)`,
    );
  }
  refuseConflicts(request.success);
  refuseConflicts(request.failure);
  return request;
}

/** As it is given, whatever etcd may think of it. */
export function wireTxn(txn: Txn): TxnRequest {
  if (typeof txn !== 'object' || txn === null) throw wrongTypeError('the transaction', txn, 'an object');
  return {
    compare: (txn.compare ?? []).map(wireCompare),
    success: (txn.success ?? []).map(wireOp),
    failure: (txn.failure ?? []).map(wireOp),
  };
}

/** As etcd counts: siblings do not add up, levels do. */
function operationsOf({ compare, success, failure }: TxnRequest): number {
  let nested = 0;
  for (const ops of [success, failure]) {
    for (const { request } of ops)
      if (request?.$case === 'requestTxn') nested = Math.max(nested, operationsOf(request.value));
  }
  return Math.max(compare.length, success.length, failure.length) + nested;
}

const results = { '=': 0, '>': 1, '<': 2, '!=': 3 } as const;
const targets = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

function wireCompare(one: Compare): WireCompare {
  const target = known(targets, one?.target, 'compare.target');
  const result = known(results, one.result, 'compare.result');
  return { ...toWireRange(one.key), result, target, targetUnion: targetUnion(one) };
}

function targetUnion(one: Compare): WireCompare['targetUnion'] {
  if (one.target === 'value') return { $case: 'value', value: toBuffer(one.value) };
  const value = checkInt64('compare.value', one.value, one.target === 'lease' ? minInt64 : 0n);
  switch (one.target) {
    case 'version':
      return { $case: 'version', value };
    case 'create':
      return { $case: 'createRevision', value };
    case 'mod':
      return { $case: 'modRevision', value };
    case 'lease':
      return { $case: 'lease', value };
  }
}

function wireOp(one: Op): RequestOp {
  switch (one?.type) {
    case 'put':
      return { request: { $case: 'requestPut', value: putRequest(one.key, one.value, one.options) } };
    case 'range':
      return { request: { $case: 'requestRange', value: rangeRequest(one.range, one.options) } };
    case 'delete':
      return { request: { $case: 'requestDeleteRange', value: deleteRequest(one.range, one.options) } };
    case 'txn':
      return { request: { $case: 'requestTxn', value: wireTxn(one.txn) } };
    default:
      return noOperation(one);
  }
}

/** etcd says "key not found" to an operation that is none. */
function noOperation(given: { readonly type?: unknown } | null | undefined): never {
  throw new InvalidInputError(
    `an operation of the transaction is ${given ? `of type '${String(given.type)}'` : String(given)}; build it with op.put, op.get, op.range, op.delete or op.txn`,
  );
}
