import type { Op, Txn, TxnResult } from '../../kv/index.js';
import type { KeyValue, LeaseId, Revision } from '../../model/index.js';

/** The prefix of a queue's keys. */
export interface Queue {
  readonly prefix: Buffer;
}

/** The key of an acquisition in its queue. */
export interface OwnKey {
  readonly key: Buffer;
  readonly lease: LeaseId;
}

/**
 * The key of a lease in the queue: the prefix and the id in lower-case hexadecimal without padding.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/concurrency/mutex.go#L112
 */
export function keyOf({ prefix }: Queue, lease: LeaseId): Buffer {
  return Buffer.concat([prefix, Buffer.from(lease.toString(16))]);
}

/** Reads one key of the queue, to see whether it is empty. */
export function probeTxn({ prefix }: Queue): Txn {
  return { success: [{ type: 'range', range: { prefix }, options: { limit: 1, keysOnly: true } }] };
}

/**
 * Creates the own key and reads the two newest keys, of which it is the newest; reads the own key if it exists, after a
 * lost answer. The key contains the lease's id, which no other client has, so the transaction may be sent twice.
 */
export function joinTxn(queue: Queue, own: OwnKey, value: Buffer): Txn {
  const { key, lease } = own;
  return {
    compare: [{ target: 'create', key, result: '=', value: 0n }],
    success: [{ type: 'put', key, value, options: { lease } }, newest(queue, { limit: 2 })],
    // With its value: etcd 3.7 leaves the lease out of a range with keysOnly, and the lease shows who put the key.
    failure: [{ type: 'range', range: key }],
  };
}

/** As {@link joinTxn}, but creates the own key only if the queue is empty. */
export function joinIfEmptyTxn(queue: Queue, own: OwnKey, value: Buffer): Txn {
  const { prefix } = queue;
  // A compare of a range holds if it holds for every key in it; no key has the create revision 0.
  return {
    ...joinTxn(queue, own, value),
    compare: [{ target: 'create', key: { prefix }, result: '=', value: 0n }],
  };
}

/** Reads the own key, and the newest of the older ones: one view of the store, from its leader. */
export function checkTxn(queue: Queue, { key }: OwnKey, createRevision: Revision): Txn {
  const older = newest(queue, { limit: 1, maxCreateRevision: createRevision - 1n });
  return { success: [{ type: 'range', range: key, options: { keysOnly: true } }, older] };
}

/** Deletes the own key. A key that was created again since then is another's. */
export function leaveTxn({ key }: OwnKey, createRevision: Revision): Txn {
  return {
    compare: [{ target: 'create', key, result: '=', value: createRevision }],
    success: [{ type: 'delete', range: key }],
  };
}

/** The keys that the range number `index` of a transaction returned. */
export function keysOf({ results }: TxnResult, index: number): readonly KeyValue[] {
  const result = results[index];
  return result?.type === 'range' ? result.kvs : [];
}

function newest({ prefix }: Queue, options: { limit: number; maxCreateRevision?: Revision }): Op {
  const sort = { by: 'create', order: 'descend' } as const;
  return { type: 'range', range: { prefix }, options: { ...options, sort, keysOnly: true } };
}
