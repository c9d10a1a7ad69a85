import type { Bytes, KeyRange, LeaseId, Revision } from '../../model/index.js';
import { checkSingleKey } from '../requests.js';
import type { DeleteOptions, PutOptions, RangeOptions } from '../types.js';

/** The operator of a compare: the field on its left, the given value on its right. */
export type CompareResult = '=' | '!=' | '<' | '>';

/**
 * A condition of a transaction, on one field of a key. A missing key has 0 in every numeric field. A compare of a range
 * must hold for every key in it; a range without keys counts as one missing key.
 */
export type Compare = {
  /** The key or range whose field is compared. */
  readonly key: Bytes | KeyRange;
  /** The operator. */
  readonly result: CompareResult;
} & (
  | {
      /** A numeric field: the version, the revision that created or last changed the key, or the lease's id. */
      readonly target: 'version' | 'create' | 'mod' | 'lease';
      /** The right-hand side. */
      readonly value: bigint;
    }
  | {
      /** The stored bytes. */
      readonly target: 'value';
      /** The right-hand side. */
      readonly value: Bytes;
    }
);

/** One operation of a transaction; {@link op} builds them. */
export type Op =
  | {
      /** Writes a key. */
      readonly type: 'put';
      /** The key to write. */
      readonly key: Bytes;
      /** May be undefined only with `ignoreValue`. */
      readonly value: Bytes | undefined;
      /** The options of the put, as in `kv.put`. */
      readonly options?: PutOptions;
    }
  | {
      /** Reads a key or a range. */
      readonly type: 'range';
      /** The keys to read. */
      readonly range: Bytes | KeyRange;
      /** The options of the read, as in `kv.range`. */
      readonly options?: RangeOptions;
    }
  | {
      /** Deletes a key or a range. */
      readonly type: 'delete';
      /** The keys to delete. */
      readonly range: Bytes | KeyRange;
      /** The options of the delete, as in `kv.delete`. */
      readonly options?: DeleteOptions;
    }
  | {
      /** Runs a nested transaction. */
      readonly type: 'txn';
      /** The nested transaction. */
      readonly txn: Txn;
    };

/**
 * A transaction, with etcd's names: `success` runs if every compare holds, otherwise `failure`. As in etcd, a branch
 * must not put a key twice, nor put a key inside a range that it deletes, including nested transactions (of which only
 * one branch runs). The client's `maxTxnOps` limits the longest list of a transaction plus that of its largest nested
 * one.
 */
export interface Txn {
  /** The conditions. Default none: `success` runs. */
  readonly compare?: readonly Compare[];
  /** The operations to run if every compare holds. Default none. */
  readonly success?: readonly Op[];
  /** The operations to run if a compare does not hold. Default none. */
  readonly failure?: readonly Op[];
}

/** Builds compares. For example, `compare.version('lock', '=', 0n)` holds if the key does not exist. */
export const compare = {
  /** Compares the number of writes since the key was created; 0 for a missing key. */
  version: (key: Bytes | KeyRange, result: CompareResult, value: bigint): Compare => ({
    target: 'version',
    key,
    result,
    value,
  }),
  /** Compares the revision that created the key; 0 for a missing key. */
  createRevision: (key: Bytes | KeyRange, result: CompareResult, value: Revision): Compare => ({
    target: 'create',
    key,
    result,
    value,
  }),
  /** Compares the revision of the key's last write; 0 for a missing key. */
  modRevision: (key: Bytes | KeyRange, result: CompareResult, value: Revision): Compare => ({
    target: 'mod',
    key,
    result,
    value,
  }),
  /** Compares the id of the lease that the key is attached to; 0 for none. */
  lease: (key: Bytes | KeyRange, result: CompareResult, value: LeaseId): Compare => ({
    target: 'lease',
    key,
    result,
    value,
  }),
  /** Compares the stored bytes. Never holds for a missing key. */
  value: (key: Bytes | KeyRange, result: CompareResult, value: Bytes): Compare => ({
    target: 'value',
    key,
    result,
    value,
  }),
};

/** Builds operations of a transaction, such as `op.put('lock', 'me')`. */
export const op = {
  /** Writes a key. The value may be undefined only with `ignoreValue`. */
  put: (key: Bytes, value: Bytes | undefined, options: PutOptions = {}): Op => ({
    type: 'put',
    key,
    value,
    options,
  }),
  /** Reads one key. @throws {InvalidInputError} for a range. */
  get: (key: Bytes, options: RangeOptions = {}): Op => ({
    type: 'range',
    range: checkSingleKey(key, 'op.get()', '; for several keys use op.range()'),
    options,
  }),
  /** Reads the keys of a range. */
  range: (range: Bytes | KeyRange, options: RangeOptions = {}): Op => ({ type: 'range', range, options }),
  /** Deletes a key or a range of keys. */
  delete: (range: Bytes | KeyRange, options: DeleteOptions = {}): Op => ({ type: 'delete', range, options }),
  /**
   * Runs a nested transaction. Its compares are evaluated together with the outer ones, before any write, so they do
   * not see the effects of earlier operations. Its writes have the outer revision.
   */
  txn: (txn: Txn): Op => ({ type: 'txn', txn }),
};

/** Whether neither branch writes, so that the transaction can be retried when its response is lost. */
export function isReadOnly(txn: Txn): boolean {
  return [...(txn.success ?? []), ...(txn.failure ?? [])].every(
    (one) => one.type === 'range' || (one.type === 'txn' && isReadOnly(one.txn)),
  );
}
