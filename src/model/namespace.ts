import { prefixEnd, type WireRange } from './key-range.js';

const zeroByte = Buffer.of(0);

/** The key as the store knows it, for one that is written without the namespace's prefix. */
export function namespaceKey(prefix: Buffer, key: Buffer): Buffer {
  return Buffer.concat([prefix, key]);
}

/**
 * A range as the store knows it. No range reaches outside: one without an end (`fromKey`, the empty prefix, a prefix of
 * 0xff bytes) ends where the namespace does.
 */
export function namespaceRange(prefix: Buffer, { key, rangeEnd }: WireRange): WireRange {
  return { key: namespaceKey(prefix, key), rangeEnd: namespaceEnd(prefix, rangeEnd) };
}

/** A stored key without the prefix, as a view of the same bytes; undefined for one outside the namespace. */
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
