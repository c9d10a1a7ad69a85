import { InvalidInputError } from '../../errors/index.js';
import { checkInt64, minInt64, toBuffer, toWireRange, wrongTypeError } from '../../model/index.js';
import type { RequestOp, TxnRequest, Compare as WireCompare } from '../../wire/index.js';
import { codeOf, deleteRequest, putRequest, rangeRequest } from '../requests.js';
import { refuseConflicts } from './conflicts.js';
import type { Compare, Op, Txn } from './txn.js';

/**
 * Builds the request of a transaction.
 * @param maxTxnOps etcd's `--max-txn-ops`; 0 leaves that check to the server.
 * @throws {InvalidInputError} for too many operations, a key that one branch puts twice or puts and deletes, or an
 *   invalid compare or operation.
 */
export function txnRequest(txn: Txn, maxTxnOps: number): TxnRequest {
  const request = toWireTxn(txn);
  const operations = countOperations(request);
  if (maxTxnOps > 0 && operations > maxTxnOps) {
    const isNested = [...request.success, ...request.failure].some(
      (op) => op.request?.$case === 'requestTxn',
    );
    const text = isNested ? '; those around a nested transaction count too' : '';
    throw new InvalidInputError(
      `the transaction has ${operations} operations; the limit is ${maxTxnOps} (maxTxnOps; etcd's --max-txn-ops)${text}`,
    );
  }
  refuseConflicts(request.success);
  refuseConflicts(request.failure);
  return request;
}

/** Converts the transaction without the checks of its size and of conflicting writes. */
export function toWireTxn(txn: Txn): TxnRequest {
  if (typeof txn !== 'object' || txn === null) throw wrongTypeError('the transaction', txn, 'an object');
  return {
    compare: (txn.compare ?? []).map(toWireCompare),
    success: (txn.success ?? []).map(toWireOp),
    failure: (txn.failure ?? []).map(toWireOp),
  };
}

/** Counts as etcd does: the longest list of each level is added up along the deepest nesting. */
function countOperations({ compare, success, failure }: TxnRequest): number {
  let nested = 0;
  for (const ops of [success, failure]) {
    for (const { request } of ops)
      if (request?.$case === 'requestTxn') nested = Math.max(nested, countOperations(request.value));
  }
  return Math.max(compare.length, success.length, failure.length) + nested;
}

const results = { '=': 0, '>': 1, '<': 2, '!=': 3 } as const;
const targets = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

function toWireCompare(one: Compare): WireCompare {
  const target = codeOf(targets, one?.target, 'compare.target');
  const result = codeOf(results, one.result, 'compare.result');
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

function toWireOp(one: Op): RequestOp {
  switch (one?.type) {
    case 'put':
      return { request: { $case: 'requestPut', value: putRequest(one.key, one.value, one.options) } };
    case 'range':
      return { request: { $case: 'requestRange', value: rangeRequest(one.range, one.options) } };
    case 'delete':
      return { request: { $case: 'requestDeleteRange', value: deleteRequest(one.range, one.options) } };
    case 'txn':
      return { request: { $case: 'requestTxn', value: toWireTxn(one.txn) } };
    default:
      return invalidOperation(one);
  }
}

/** etcd answers "key not found" to an operation without a type. */
function invalidOperation(given: { readonly type?: unknown } | null | undefined): never {
  throw new InvalidInputError(
    `an operation of the transaction is ${given ? `of type '${String(given.type)}'` : String(given)}; build it with op.put, op.get, op.range, op.delete or op.txn`,
  );
}
