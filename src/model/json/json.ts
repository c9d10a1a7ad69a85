import { isUtf8 } from 'node:buffer';
import { toBuffer } from '../keys/bytes.js';
import { limitNesting } from './nesting.js';

/** Bytes in JSON: a string when they are UTF-8, otherwise an object with their base64. */
export type BytesJson = string | { readonly base64: string };

/** Converts a member of a result that JSON cannot represent. Other values are only limited in their nesting. */
function memberToJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return bytesToJson(value);
  if (Array.isArray(value) && value.some(needsConversion)) return value.map(memberToJson);
  return value instanceof Map || value instanceof Set ? [...value.values()] : limitNesting(value);
}

function needsConversion(value: unknown): boolean {
  return typeof value === 'bigint' || value instanceof Uint8Array;
}

export function bytesToJson(bytes: Uint8Array): BytesJson {
  const buffer = toBuffer(bytes);
  return isUtf8(buffer) ? buffer.toString('utf8') : { base64: buffer.toString('base64') };
}

/** A copy of a result for JSON: bigints as decimal strings, bytes as {@link BytesJson}. */
export function resultToJson(result: object): object {
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, memberToJson(value)]));
}

/**
 * Has the constructor of a plain object, on which `console.log` and the strict comparisons of Jest and Vitest depend.
 */
const jsonPrototype = Object.create(Object.prototype, {
  constructor: { value: Object },
  toJSON: {
    value(this: object): object {
      return resultToJson(this);
    },
  },
});

/**
 * Makes a result work with `JSON.stringify` by a prototype that all results share, without an additional own member.
 * Only for an object that was just created.
 */
export function withJson<T extends object>(result: T): T {
  return Object.setPrototypeOf(result, jsonPrototype);
}

/**
 * An empty result, to which its maker assigns all members. It has the prototype that {@link withJson} sets, at a third of
 * the time and without the memory that changing a prototype takes: for the results of calls.
 */
export function newResult<T extends object>(): { -readonly [Name in keyof T]: T[Name] } {
  return Object.create(jsonPrototype);
}

/** As {@link withJson}, for an array of bigints, or for a Map whose values contain their keys. */
export function collectionWithJson<T extends readonly unknown[] | ReadonlyMap<unknown, unknown>>(list: T): T {
  return Object.defineProperty(list, 'toJSON', { value: listJson });
}

function listJson(this: readonly unknown[] | ReadonlyMap<unknown, unknown>): unknown[] {
  return [...this.values()].map(memberToJson);
}

/**
 * The name of the method that returns what `console.log` shows of an object.
 *
 * Specification: https://github.com/nodejs/node/blob/v20.20.2/doc/api/util.md#utilinspectcustom
 */
export const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom');
