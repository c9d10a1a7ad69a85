import { type JsonValue, type KeyValue, keyText } from '../../../index.js';
import type { Target } from '../../args/target.js';
import type { Json, RecordReply } from '../protocol/index.js';

/** JSON that is nested deeper may exceed the stack of the page; its text is sent alone. */
const maxDepth = 200;

/** @param target undefined for a key that is not a record's. */
export function toRecordReply(kv: KeyValue, target: Target | undefined): RecordReply {
  const decoded = target?.format.decode(keyText(kv.key), kv.value);
  const metadata = typeof decoded === 'object' ? decoded.metadata : undefined;
  return {
    text: kv.value.toString(),
    modRevision: String(kv.modRevision),
    ...(metadata !== undefined && isShallow(metadata) ? { metadata: metadata as Json } : {}),
  };
}

/** Not recursive: a stored value may be nested deeper than the stack. */
export function isShallow(value: JsonValue): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}
