import type { KeyValue, WatchEvent } from '#src/index.js';
import type { ModelEvent, ModelKeyValue, ModelRevisedValue, ModelValue } from './model.js';

/** As Go's `ToValueOrHash`. */
export function modelValue(value: Uint8Array | string): ModelValue {
  const bytes = Buffer.from(value);
  if (bytes.length >= 20) return { Hash: fnv1a(bytes) };
  return bytes.length === 0 ? {} : { Value: bytes.toString() };
}

export function modelKeyValue(kv: KeyValue, keysOnly: boolean): ModelKeyValue {
  return { Key: kv.key.toString(), ...revisedValue(kv), ...(keysOnly ? { Value: {} } : {}) };
}

export function modelEvent({ type, kv, prevKv }: WatchEvent): ModelEvent {
  return {
    Type: type === 'put' ? 'put-operation' : 'delete-operation',
    Key: kv.key.toString(),
    Value: modelValue(kv.value),
    Revision: kv.modRevision,
    IsCreate: type === 'put' && kv.createRevision === kv.modRevision,
    ...(prevKv ? { PrevValue: revisedValue(prevKv) } : {}),
  };
}

function revisedValue(kv: KeyValue): ModelRevisedValue {
  return { Value: modelValue(kv.value), ModRevision: kv.modRevision, Version: kv.version };
}

/** Go's `hash/fnv.New32a`. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
