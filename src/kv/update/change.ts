import {
  type Bytes,
  type KeyValue,
  type LeaseId,
  notBytesError,
  printable,
  StoredKeyValue,
  toBuffer,
} from '../../model/index.js';
import { compare, op, type Txn } from '../txn/txn.js';
import type { OpResult } from '../types.js';

/** What the function of an update asks for. */
export type Change = { readonly type: 'put'; readonly value: Buffer } | { readonly type: 'delete' };

/**
 * The change that the function's result stands for; undefined for none. Copies the bytes, because they may be sent again
 * after their owner has changed them.
 * @throws {InvalidInputError} for anything but bytes, null and undefined.
 */
export function toChange(
  key: Buffer,
  kv: KeyValue | undefined,
  returned: Bytes | null | undefined,
): Change | undefined {
  if (returned === undefined) return undefined;
  if (returned === null) return kv && { type: 'delete' };
  if (typeof returned !== 'string' && !(returned instanceof Uint8Array))
    throw notBytesError(`what the function of update '${printable(key)}' returned`, returned);
  return { type: 'put', value: Buffer.from(toBuffer(returned)) };
}

/**
 * The transaction that applies a change if the key is as it was read, and otherwise reads the key. The comparison lets
 * etcd apply it once, however often it arrives: a modification revision never returns.
 */
export function changeTxn(
  key: Buffer,
  kv: KeyValue | undefined,
  change: Change,
  lease: LeaseId | undefined,
): Txn {
  return {
    compare: [compare.modRevision(key, '=', kv?.modRevision ?? 0n)],
    success: [change.type === 'put' ? op.put(key, change.value, leaseOf(kv, lease)) : op.delete(key)],
    failure: [op.get(key)],
  };
}

/** A put without a lease would detach an existing key from its lease. */
function leaseOf(kv: KeyValue | undefined, lease: LeaseId | undefined) {
  if (lease !== undefined) return { lease };
  return { ignoreLease: kv !== undefined };
}

/** The key-value that a change leaves. */
export function changedKv(
  key: Buffer,
  kv: KeyValue | undefined,
  change: Change,
  { lease, revision }: { readonly lease: LeaseId | undefined; readonly revision: bigint },
): KeyValue | undefined {
  if (change.type === 'delete') return undefined;
  return Object.assign(new StoredKeyValue(), {
    key,
    value: change.value,
    createRevision: kv?.createRevision ?? revision,
    modRevision: revision,
    version: (kv?.version ?? 0n) + 1n,
    lease: lease ?? kv?.lease ?? 0n,
  });
}

/** The key-value that the failed transaction read. */
export function foundKv([result]: readonly OpResult[]): KeyValue | undefined {
  return result?.type === 'range' ? result.kvs[0] : undefined;
}

/**
 * Whether the key-value found after a change whose answer was lost proves that the change was not applied: the key was
 * not created again since it was read, and either it should be deleted, or it was written exactly once, differently.
 */
export function provesNotApplied(
  kv: KeyValue | undefined,
  change: Change,
  found: KeyValue | undefined,
  lease: LeaseId | undefined,
): boolean {
  if (!kv || !found || found.createRevision !== kv.createRevision) return false;
  if (change.type === 'delete') return true;
  const isOurs = found.value.equals(change.value) && found.lease === (lease ?? kv.lease);
  return found.version === kv.version + 1n && !isOurs;
}
