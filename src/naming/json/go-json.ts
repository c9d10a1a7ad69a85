import { sortByKey } from '../../model/index.js';
import type { JsonValue } from '../endpoint.js';
import { NamingError } from '../errors.js';
import { exactDigits } from './exact-digits.js';
import { maxDepth } from './reader.js';

/** The record itself is one level, and Go reads at most 10,000. */
const maxMetadataDepth = maxDepth - 1;

export interface GoJsonOptions {
  /** Write numbers that were rounded by the decoder with their original digits. Default false, as in Go. */
  readonly exactDigits?: boolean;
}

/** A value that is not yet written, or finished text. */
type Pending = string | { readonly value: JsonValue | undefined; readonly depth: number };

/**
 * Writes JSON as Go's `encoding/json` does (Go 1.22 and later), byte for byte: no spaces, names sorted by UTF-8 bytes, `<`,
 * `>`, `&`, U+2028 and U+2029 escaped, and lone surrogates as `\ufffd`. Not recursive: a value that was read may be nested
 * deeper than the stack.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/encode.go
 *
 * @throws {NamingError} for values that are not JSON (NaN, infinities, bigint, functions, class instances, cycles), and
 *   for values nested deeper than readers accept.
 */
export function goJson(
  root: JsonValue | undefined,
  { exactDigits: exact = false }: GoJsonOptions = {},
): string {
  const pending: Pending[] = [{ value: root, depth: 0 }];
  let text = '';
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') text += next;
    else if (isContainer(next.value)) pushParts(pending, partsOf(next.value, next.depth + 1, exact));
    else text += goScalar(next.value);
  }
  return text;
}

function goScalar(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      return goNumber(value);
    case 'string':
      return goString(value);
    default:
      throw new NamingError(`metadata contains a ${typeof value}, which is not JSON`);
  }
}

/** With the `u` flag, these are only lone surrogates. */
const loneSurrogate = /[\ud800-\udfff]/gu;
const needsEscape = /[<>&"\\\p{Cc}\u2028\u2029\ud800-\udfff]/gu;

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
  return `"${text.replace(needsEscape, escapeChar)}"`;
}

function escapeChar(char: string): string {
  const code = char.charCodeAt(0);
  if (code >= 0x7f && code <= 0x9f) return char; // control characters in Unicode, but not in JSON
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return shortEscapes[char] ?? `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Go and JavaScript write the same shortest form and the same exponents, except for minus zero. */
function goNumber(value: number): string {
  if (!Number.isFinite(value)) throw new NamingError(`metadata contains ${value}, which is not JSON`);
  return Object.is(value, -0) ? '-0' : String(value);
}

type JsonObject = Readonly<Record<string, JsonValue | undefined>>;
type Container = readonly JsonValue[] | JsonObject;

function isContainer(value: JsonValue | undefined): value is Container {
  return typeof value === 'object' && value !== null;
}

/** Pushes in reverse, so that the first part is popped first. A loop, because a spread has a limit on arguments. */
function pushParts(pending: Pending[], parts: readonly Pending[]): void {
  for (let i = parts.length - 1; i >= 0; i--) pending.push(parts[i] ?? 'null');
}

function partsOf(container: Container, depth: number, exact: boolean): Pending[] {
  if (depth > maxMetadataDepth)
    throw new NamingError(`metadata is nested deeper than ${maxMetadataDepth} or contains itself`);
  const isList = Array.isArray(container);
  const parts: Pending[] = [isList ? '[' : '{'];
  for (const [name, value] of isList ? listItems(container) : objectMembers(container as JsonObject)) {
    if (parts.length > 1) parts.push(',');
    if (!isList) parts.push(`${goString(name)}:`);
    const digits = exact && typeof value === 'number' ? exactDigits(container, name, value) : undefined;
    parts.push(digits ?? { value, depth });
  }
  parts.push(isList ? ']' : '}');
  return parts;
}

type Members = readonly (readonly [name: string, value: JsonValue | undefined])[];

function listItems(list: readonly JsonValue[]): Members {
  // Not list.map(), which keeps holes: `[1,,3]` is not JSON.
  return Array.from(list, (value, i) => [String(i), value]);
}

function objectMembers(object: JsonObject): Members {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NamingError(
      `metadata contains a ${prototype.constructor?.name ?? 'class instance'}, not plain data`,
    );
  }
  const members = Object.entries(object).flatMap(([name, value]) =>
    value === undefined ? [] : [{ key: name.replace(loneSurrogate, '\ufffd'), name, value }],
  );
  return sortByKey(members).map(({ name, value }) => [name, value]);
}
