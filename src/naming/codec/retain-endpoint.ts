import { createHash } from 'node:crypto';
import type { KeyValue } from '../../model/index.js';
import { isEndpoint } from './go-codec.js';

/** Smaller values need little more memory than their keys, and are kept without decoding. */
export const smallBytes = 1_024;
/** No JSON starts with this byte, so a replaced value is not an endpoint either. */
const marker = Buffer.alloc(1);
/** The size of a value that replaces another. */
export const replacedBytes = marker.length + 32;

/**
 * Reduces the memory of a key-value in a mirror of endpoints. A large value that is not an endpoint is replaced by its
 * hash, with which the mirror still detects a changed value.
 */
export function retainEndpoint(kv: KeyValue): KeyValue {
  return kv.value.length <= smallBytes || isEndpoint(kv.value) ? kv : withHash(kv);
}

/** The key-value with a hash instead of its value. */
export function withHash({ key, value, createRevision, modRevision, version, lease }: KeyValue): KeyValue {
  const hash = Buffer.concat([marker, createHash('sha256').update(value).digest()]);
  return { key, value: hash, createRevision, modRevision, version, lease };
}
