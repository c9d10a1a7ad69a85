import { isUtf8 } from 'node:buffer';
import { toBuffer } from './bytes.js';

/** Bytes in JSON: their text where they are UTF-8, else an object, which no text is. */
export type BytesJson = string | { readonly base64: string };

/** What JSON has no form for, of the members of a result; any other member has a form, or a `toJSON`, of its own. */
function memberToJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return bytesToJson(value);
  if (Array.isArray(value)) return value.some(needsConversion) ? value.map(memberToJson) : value;
  return value instanceof Map || value instanceof Set ? [...value.values()] : value;
}

function needsConversion(value: unknown): boolean {
  return typeof value === 'bigint' || value instanceof Uint8Array;
}

export function bytesToJson(bytes: Uint8Array): BytesJson {
  const buffer = toBuffer(bytes);
  return isUtf8(buffer) ? buffer.toString('utf8') : { base64: buffer.toString('base64') };
}

/** The members of a result as JSON has them: numbers of 64 bits as decimal strings, bytes as {@link BytesJson}. */
export function resultToJson(result: object): object {
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, memberToJson(value)]));
}

/** With the constructor of a plain object, by which `console.log` and the strict comparisons of Jest and Vitest go. */
const jsonPrototype = Object.create(Object.prototype, {
  constructor: { value: Object },
  toJSON: {
    value(this: object): object {
      return resultToJson(this);
    },
  },
});

/**
 * Lets `JSON.stringify` write a result, by a prototype that all results share: the object has no member more. Only for
 * one that was just made.
 */
export function withJson<T extends object>(result: T): T {
  return Object.setPrototypeOf(result, jsonPrototype);
}

/** The same for an array of numbers of 64 bits, or a Map whose values say of themselves what their keys are. */
export function collectionWithJson<T extends readonly unknown[] | ReadonlyMap<unknown, unknown>>(list: T): T {
  return Object.defineProperty(list, 'toJSON', { value: listJson });
}

function listJson(this: readonly unknown[] | ReadonlyMap<unknown, unknown>): unknown[] {
  return [...this.values()].map(memberToJson);
}
