import { createHash } from 'node:crypto';
import type { KeyValue } from '../model/index.js';
import { isEndpoint } from './codec/go-codec.js';

/** Smaller values need little more memory than their keys, and are kept without decoding. */
const smallBytes = 1_024;
/** No JSON starts with this byte, so a replaced value is not an endpoint either. */
const marker = Buffer.alloc(1);

/**
 * Reduces the memory of a key-value in a mirror of endpoints. A large value that is not an endpoint is replaced by its
 * hash, with which the mirror still detects a changed value.
 */
export function retainEndpoint(kv: KeyValue): KeyValue {
  if (kv.value.length <= smallBytes || isEndpoint(kv.value)) return kv;
  const { key, createRevision, modRevision, version, lease } = kv;
  const value = Buffer.concat([marker, createHash('sha256').update(kv.value).digest()]);
  return { key, value, createRevision, modRevision, version, lease };
}
