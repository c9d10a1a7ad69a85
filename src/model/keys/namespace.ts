import { prefixEnd, type WireRange } from './key-range.js';

const zeroByte = Buffer.of(0);

/** Adds the namespace's prefix to a key. */
export function namespaceKey(prefix: Buffer, key: Buffer): Buffer {
  return Buffer.concat([prefix, key]);
}

/**
 * Adds the namespace's prefix to a range. The result stays within the namespace: a range without an end (`fromKey`, the
 * empty prefix, a prefix of 0xff bytes) ends with the namespace.
 */
export function namespaceRange(prefix: Buffer, { key, rangeEnd }: WireRange): WireRange {
  return { key: namespaceKey(prefix, key), rangeEnd: namespaceEnd(prefix, rangeEnd) };
}

/** Removes the prefix from a stored key, without copying; undefined for a key outside the namespace. */
export function stripPrefix(prefix: Buffer, key: Buffer): Buffer | undefined {
  const { length } = prefix;
  // The bare prefix would be the empty key, which etcd does not have.
  if (key.length <= length || prefix.compare(key, 0, length) !== 0) return undefined;
  return key.subarray(length);
}

function namespaceEnd(prefix: Buffer, rangeEnd: Buffer): Buffer {
  if (rangeEnd.length === 0) return rangeEnd;
  return rangeEnd.equals(zeroByte) ? prefixEnd(prefix) : namespaceKey(prefix, rangeEnd);
}
