import type { JsonValue } from './endpoint.js';
import { NamingError } from './errors.js';

/** Deeper than any metadata means to be; Go's own decoder stops at 10,000. */
const maxDepth = 1_000;

/**
 * JSON as Go's `encoding/json` writes it (Go 1.22 and later), byte for byte: no spaces, objects as maps with their
 * names sorted by UTF-8 bytes, `<`, `>`, `&`, U+2028 and U+2029 escaped, and half a surrogate pair as `\ufffd`.
 * @throws {NamingError} for what JSON cannot hold: NaN, infinities, bigint, functions, class instances, cycles.
 */
export function goJson(value: JsonValue | undefined, depth = 0): string {
  if (depth > maxDepth)
    throw new NamingError(`metadata is nested deeper than ${maxDepth} or contains itself`);
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      return goNumber(value);
    case 'string':
      return goString(value);
    case 'object':
      return Array.isArray(value)
        ? goArray(value, depth)
        : goObject(value as Record<string, JsonValue>, depth);
    default:
      throw new NamingError(`metadata holds a ${typeof value}, which JSON cannot`);
  }
}

/** With the `u` flag a surrogate matches only where its other half is missing. */
const special = /[<>&"\\\p{Cc}\u2028\u2029]|\p{Surrogate}/gu;

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function goString(text: string): string {
  return `"${text.replace(special, escapeChar)}"`;
}

function escapeChar(char: string): string {
  const code = char.charCodeAt(0);
  if (code >= 0x7f && code <= 0x9f) return char; // control characters to Unicode, not to JSON
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return shortEscapes[char] ?? `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Go and JavaScript agree on the shortest form and on where exponents begin, not on minus zero. */
function goNumber(value: number): string {
  if (!Number.isFinite(value)) throw new NamingError(`metadata holds ${value}, which JSON cannot`);
  return Object.is(value, -0) ? '-0' : String(value);
}

function goArray(values: readonly JsonValue[], depth: number): string {
  // Not values.map(), which leaves holes as they are: `[1,,3]` is not JSON.
  return `[${Array.from(values, (value) => goJson(value, depth + 1)).join(',')}]`;
}

function goObject(object: Readonly<Record<string, JsonValue | undefined>>, depth: number): string {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NamingError(
      `metadata holds a ${prototype.constructor?.name ?? 'class instance'}, not plain data`,
    );
  }
  const members = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({
      bytes: Buffer.from(name),
      text: `${goString(name)}:${goJson(value, depth + 1)}`,
    }))
    .sort((a, b) => a.bytes.compare(b.bytes));
  return `{${members.map((member) => member.text).join(',')}}`;
}
