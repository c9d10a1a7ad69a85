import { createHash } from 'node:crypto';
import type { KeyValue } from '../model/index.js';
import { isEndpoint } from './codec.js';

/** What is smaller takes little more memory than its key, and is kept without being looked at. */
const smallBytes = 1_024;
/** No JSON begins with it, so what stands for a value is no endpoint either. */
const marker = Buffer.alloc(1);

/**
 * What a mirror of endpoints keeps of a key-value: of a large value that is no endpoint only its hash, by which the
 * mirror still notices that the store has another value.
 */
export function retainEndpoint(kv: KeyValue): KeyValue {
  if (kv.value.length <= smallBytes || isEndpoint(kv.value)) return kv;
  const { key, createRevision, modRevision, version, lease } = kv;
  const value = Buffer.concat([marker, createHash('sha256').update(kv.value).digest()]);
  return { key, value, createRevision, modRevision, version, lease };
}
