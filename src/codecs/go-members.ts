import type { JsonValue } from '../naming/endpoint.js';
import { EndpointDecodeError } from '../naming/errors.js';
import type { JsonMember } from '../naming/json/reader.js';

/**
 * Returns a member's name as Go compares it with the names of a struct's fields: in lower case, and with U+017F as `s`.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/fold.go#L16
 */
export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}

/**
 * Reads a member that is a `string` in Go. Null keeps the value of an earlier member with the same name.
 * @throws {EndpointDecodeError} for another type.
 */
export function readText({ name, value }: JsonMember, before: string): string {
  if (value === null) return before;
  if (typeof value !== 'string') throw new EndpointDecodeError(`${name} is not a text`);
  return value;
}

/**
 * Reads a member that is a `[]string` in Go. Null is an empty list, and a null in it is what the list of an earlier member
 * with the same name has there, or an empty text.
 * @throws {EndpointDecodeError} for another type.
 */
export function readTexts({ name, value }: JsonMember, before: readonly string[]): readonly string[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new EndpointDecodeError(`${name} is not a list of texts`);
  return (value as readonly JsonValue[]).map((text, index) => {
    if (text !== null && typeof text !== 'string')
      throw new EndpointDecodeError(`${name}[${index}] is not a text`);
    return text ?? before[index] ?? '';
  });
}

/**
 * Reads a member that is an `int` in Go, which reads only digits into a whole number: `1.0` and `1e2` are errors. No number
 * of 64 bits has over 20 characters.
 * @throws {EndpointDecodeError} for anything else, null included.
 */
export function readInt64({ name, text }: JsonMember): number {
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text))
    throw wrongValue(name, text, 'a whole number');
  return Number(text);
}

/** The error for a member's value. @param expected Completes "it is …, not …". */
export function wrongValue(name: string, text: string, expected: string): EndpointDecodeError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new EndpointDecodeError(`${name} is ${shown}, not ${expected}`);
}
