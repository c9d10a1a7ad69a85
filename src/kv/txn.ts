import { InvalidInputError } from '../errors/index.js';
import {
  type Bytes,
  checkInt64,
  type KeyRange,
  type LeaseId,
  printable,
  type Revision,
  toBuffer,
  toWireRange,
} from '../model/index.js';
import type { RequestOp, TxnRequest, Compare as WireCompare } from '../wire/index.js';
import { deleteRequest, known, putRequest, rangeRequest } from './requests.js';
import type { DeleteOptions, PutOptions, RangeOptions } from './types.js';

export type CompareResult = '=' | '!=' | '<' | '>';

/** One condition of a transaction, on a key's etcd field. A missing key has 0 in every numeric field. */
export type Compare = { readonly key: Bytes; readonly result: CompareResult } & (
  | { readonly target: 'version' | 'create' | 'mod' | 'lease'; readonly value: bigint }
  | { readonly target: 'value'; readonly value: Bytes }
);

/** One operation of a transaction. */
export type Op =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes; readonly options?: PutOptions }
  | { readonly type: 'range'; readonly range: Bytes | KeyRange; readonly options?: RangeOptions }
  | { readonly type: 'delete'; readonly range: Bytes | KeyRange; readonly options?: DeleteOptions }
  | { readonly type: 'txn'; readonly txn: Txn };

/** A transaction in etcd's own words: `success` runs if every compare holds, else `failure`. */
export interface Txn {
  readonly compare?: readonly Compare[];
  readonly success?: readonly Op[];
  readonly failure?: readonly Op[];
}

/** Builds compares, e.g. `compare.version('lock', '=', 0n)`: the key does not exist. */
export const compare = {
  /** The number of changes since the key was created. */
  version: (key: Bytes, result: CompareResult, value: bigint): Compare => ({
    target: 'version',
    key,
    result,
    value,
  }),
  /** The revision that created the key. */
  createRevision: (key: Bytes, result: CompareResult, value: Revision): Compare => ({
    target: 'create',
    key,
    result,
    value,
  }),
  /** The revision that changed the key last. */
  modRevision: (key: Bytes, result: CompareResult, value: Revision): Compare => ({
    target: 'mod',
    key,
    result,
    value,
  }),
  /** The lease the key is attached to. */
  lease: (key: Bytes, result: CompareResult, value: LeaseId): Compare => ({
    target: 'lease',
    key,
    result,
    value,
  }),
  /** The stored bytes. False for a missing key, whatever the operator. */
  value: (key: Bytes, result: CompareResult, value: Bytes): Compare => ({
    target: 'value',
    key,
    result,
    value,
  }),
};

/** Builds operations, e.g. `op.put('lock', 'me')`. */
export const op = {
  put: (key: Bytes, value: Bytes, options: PutOptions = {}): Op => ({ type: 'put', key, value, options }),
  get: (key: Bytes, options: RangeOptions = {}): Op => ({ type: 'range', range: key, options }),
  range: (range: Bytes | KeyRange, options: RangeOptions = {}): Op => ({ type: 'range', range, options }),
  delete: (range: Bytes | KeyRange, options: DeleteOptions = {}): Op => ({ type: 'delete', range, options }),
  txn: (txn: Txn): Op => ({ type: 'txn', txn }),
};

/** Whether no branch writes, so that a lost answer may be asked for again. */
export function isReadOnly(txn: Txn): boolean {
  return [...(txn.success ?? []), ...(txn.failure ?? [])].every(
    (one) => one.type === 'range' || (one.type === 'txn' && isReadOnly(one.txn)),
  );
}

/**
 * The transaction on the wire.
 * @param maxTxnOps etcd's `--max-txn-ops`; 0 leaves the check to the server.
 * @throws {InvalidInputError} for too many operations or a key that one branch puts twice.
 */
export function txnRequest(txn: Txn, maxTxnOps: number): TxnRequest {
  const { compare: compares = [], success = [], failure = [] } = txn;
  const most = Math.max(compares.length, success.length, failure.length);
  if (maxTxnOps > 0 && most > maxTxnOps) {
    throw new InvalidInputError(
      `the transaction has ${most} operations; the limit is ${maxTxnOps} (maxTxnOps; etcd's --max-txn-ops)`,
    );
  }
  refuseDuplicatePuts(success);
  refuseDuplicatePuts(failure);
  return {
    compare: compares.map(wireCompare),
    success: success.map((one) => wireOp(one, maxTxnOps)),
    failure: failure.map((one) => wireOp(one, maxTxnOps)),
  };
}

function refuseDuplicatePuts(ops: readonly Op[]): void {
  const seen = new Set<string>();
  for (const one of ops) {
    if (one.type !== 'put') continue;
    const key = toBuffer(one.key).toString('latin1');
    if (seen.has(key))
      throw new InvalidInputError(`the transaction puts the key '${printable(one.key)}' twice`);
    seen.add(key);
  }
}

const results = { '=': 0, '>': 1, '<': 2, '!=': 3 } as const;

function wireCompare(one: Compare): WireCompare {
  const { key, rangeEnd } = toWireRange(one.key);
  const base = { result: known(results, one.result, 'compare.result'), key, rangeEnd };
  switch (one.target) {
    case 'version':
      return {
        ...base,
        target: 0,
        targetUnion: { $case: 'version', value: checkInt64('compare.value', one.value, 0n) },
      };
    case 'create':
      return {
        ...base,
        target: 1,
        targetUnion: { $case: 'createRevision', value: checkInt64('compare.value', one.value, 0n) },
      };
    case 'mod':
      return {
        ...base,
        target: 2,
        targetUnion: { $case: 'modRevision', value: checkInt64('compare.value', one.value, 0n) },
      };
    case 'value':
      return { ...base, target: 3, targetUnion: { $case: 'value', value: toBuffer(one.value) } };
    case 'lease':
      return {
        ...base,
        target: 4,
        targetUnion: { $case: 'lease', value: checkInt64('compare.value', one.value, 0n) },
      };
  }
}

function wireOp(one: Op, maxTxnOps: number): RequestOp {
  switch (one.type) {
    case 'put':
      return { request: { $case: 'requestPut', value: putRequest(one.key, one.value, one.options) } };
    case 'range':
      return { request: { $case: 'requestRange', value: rangeRequest(one.range, one.options) } };
    case 'delete':
      return { request: { $case: 'requestDeleteRange', value: deleteRequest(one.range, one.options) } };
    case 'txn':
      return { request: { $case: 'requestTxn', value: txnRequest(one.txn, maxTxnOps) } };
  }
}
