import type { StoredKv } from '../history.js';

/** A stored value, decoded as Go does. */
export interface DecodedRecord {
  readonly addr: string;
  /** The registrar that wrote it. */
  readonly incarnation: string | undefined;
  /** The number of the owner's update. */
  readonly turn: number;
}

const known = new WeakMap<StoredKv, DecodedRecord | undefined>();

/** Undefined for a value that is not an endpoint. Independent of the library. */
export function recordOf(kv: StoredKv): DecodedRecord | undefined {
  if (!known.has(kv)) known.set(kv, decodeRecord(kv.value));
  return known.get(kv);
}

function decodeRecord(value: string): DecodedRecord | undefined {
  try {
    const parsed = JSON.parse(value);
    if (parsed === null) return { addr: '', incarnation: undefined, turn: 0 };
    if (typeof parsed !== 'object' || Array.isArray(parsed)) return undefined;
    const { Op = 0, Addr = '', Metadata } = parsed;
    if (typeof Addr !== 'string' || !(Number.isInteger(Op) && Op >= 0 && Op <= 255)) return undefined;
    return { addr: Addr, incarnation: Metadata?.incarnation, turn: Metadata?.turn ?? 0 };
  } catch {
    return undefined;
  }
}

/** Values that may be stored under a service's key by mistake. Some are endpoints without an address in Go. */
export const invalidValues: readonly string[] = [
  '{broken',
  'null',
  '[]',
  '{}',
  '"10.0.0.1:1"',
  '{"Op":0,"Addr":5,"Metadata":null}',
  '',
  '{"Op":"add","Addr":"10.0.0.1:1"}',
  'x'.repeat(1 << 20),
  `{"Op":0,"Addr":"10.9.0.1:1","Metadata":"${'y'.repeat(1 << 20)}"}`,
  '{"__proto__":{"Addr":"10.0.0.1:1"}}',
];
