import type { Bytes, KeyRange, LeaseId, Revision } from '../model/index.js';
import { oneKey } from './requests.js';
import type { DeleteOptions, PutOptions, RangeOptions } from './types.js';

export type CompareResult = '=' | '!=' | '<' | '>';

/**
 * One condition of a transaction, on a key's etcd field. A missing key has 0 in every numeric field. For a range of
 * keys it must hold for every key there is; a range without keys counts as one missing key.
 */
export type Compare = { readonly key: Bytes | KeyRange; readonly result: CompareResult } & (
  | { readonly target: 'version' | 'create' | 'mod' | 'lease'; readonly value: bigint }
  | { readonly target: 'value'; readonly value: Bytes }
);

/** One operation of a transaction. */
export type Op =
  | {
      readonly type: 'put';
      readonly key: Bytes;
      /** Undefined only with `ignoreValue`. */
      readonly value: Bytes | undefined;
      readonly options?: PutOptions;
    }
  | { readonly type: 'range'; readonly range: Bytes | KeyRange; readonly options?: RangeOptions }
  | { readonly type: 'delete'; readonly range: Bytes | KeyRange; readonly options?: DeleteOptions }
  | { readonly type: 'txn'; readonly txn: Txn };

/**
 * A transaction in etcd's own words: `success` runs if every compare holds, else `failure`. Refused here, as etcd would:
 * a branch that puts a key twice or inside a range that it deletes, nested transactions included, of which the two
 * branches exclude each other; and more operations than `maxTxnOps` (the longest list of a level, plus that of the
 * largest transaction nested in it).
 */
export interface Txn {
  readonly compare?: readonly Compare[];
  readonly success?: readonly Op[];
  readonly failure?: readonly Op[];
}

/** Builds compares, e.g. `compare.version('lock', '=', 0n)`: the key does not exist. */
export const compare = {
  /** The number of changes since the key was created. */
  version: (key: Bytes | KeyRange, result: CompareResult, value: bigint): Compare => ({
    target: 'version',
    key,
    result,
    value,
  }),
  /** The revision that created the key. */
  createRevision: (key: Bytes | KeyRange, result: CompareResult, value: Revision): Compare => ({
    target: 'create',
    key,
    result,
    value,
  }),
  /** The revision that changed the key last. */
  modRevision: (key: Bytes | KeyRange, result: CompareResult, value: Revision): Compare => ({
    target: 'mod',
    key,
    result,
    value,
  }),
  /** The lease the key is attached to. */
  lease: (key: Bytes | KeyRange, result: CompareResult, value: LeaseId): Compare => ({
    target: 'lease',
    key,
    result,
    value,
  }),
  /** The stored bytes. False for a missing key, whatever the operator. */
  value: (key: Bytes | KeyRange, result: CompareResult, value: Bytes): Compare => ({
    target: 'value',
    key,
    result,
    value,
  }),
};

/** Builds operations, e.g. `op.put('lock', 'me')`. */
export const op = {
  /** The value may be undefined only with `ignoreValue`. */
  put: (key: Bytes, value: Bytes | undefined, options: PutOptions = {}): Op => ({
    type: 'put',
    key,
    value,
    options,
  }),
  get: (key: Bytes, options: RangeOptions = {}): Op => ({
    type: 'range',
    range: oneKey(key, 'op.get()', '; for several use op.range()'),
    options,
  }),
  range: (range: Bytes | KeyRange, options: RangeOptions = {}): Op => ({ type: 'range', range, options }),
  delete: (range: Bytes | KeyRange, options: DeleteOptions = {}): Op => ({ type: 'delete', range, options }),
  /**
   * A transaction inside. Its compares are judged with the outer ones, before anything is written: they do not see what
   * the operations before it do. Its writes share the outer revision.
   */
  txn: (txn: Txn): Op => ({ type: 'txn', txn }),
};

/** Whether no branch writes, so that a lost answer may be asked for again. */
export function isReadOnly(txn: Txn): boolean {
  return [...(txn.success ?? []), ...(txn.failure ?? [])].every(
    (one) => one.type === 'range' || (one.type === 'txn' && isReadOnly(one.txn)),
  );
}
