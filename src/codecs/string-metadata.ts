import { formatValue } from '../model/index.js';
import type { JsonValue } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';

/** A `map[string]string` of Go. */
export type StringMap = Readonly<Record<string, string>>;

/** The top level of an endpoint's metadata. */
export type MetadataMembers = Readonly<Record<string, JsonValue | undefined>>;

/**
 * Reads a value as Go's `encoding/json` reads a `map[string]string`: null is an empty map, a null in it is an empty text.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/decode.go#L604
 *
 * @param into The map of an earlier member with the same name, to which Go adds. It is changed and returned, because
 *   a copy for each of many repeated members would take quadratic time.
 * @throws {EndpointDecodeError} for anything but an object of texts.
 */
export function readStringMap(name: string, value: JsonValue, into: StringMap = {}): StringMap {
  if (value === null) return {};
  if (!isMembers(value)) throw new EndpointDecodeError(`${name} is not an object of texts`);
  for (const [key, text] of Object.entries(value)) addText(into, key, toText(`${name}.${key}`, text));
  return into;
}

/** Adds a text to a map that is being read. Defines `__proto__` too: an assignment would change the prototype. */
export function addText(into: Record<string, string>, key: string, text: string): void {
  if (key !== '__proto__') into[key] = text;
  else
    Object.defineProperty(into, key, { value: text, writable: true, enumerable: true, configurable: true });
}

function toText(name: string, value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw new EndpointDecodeError(`${name} is not a text`);
  return value;
}

/**
 * Converts a string map to the top level of metadata. Only `weight` is converted to a number, because the balancer needs
 * one: a decimal number such as `10` or `0.5`. Any other `weight` stays text, which the balancer ignores.
 */
export function fromStringMap(map: StringMap): MetadataMembers {
  const weight = map['weight'];
  return weight === undefined ? map : { ...map, weight: readWeight(weight) };
}

function readWeight(text: string): number | string {
  return /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

/**
 * Returns the text of a weight for {@link fromStringMap}, without an exponent.
 * @throws {NamingError} for a weight that would be read as another value, such as a negative number or `'007'`.
 */
export function weightText(weight: JsonValue, format: string): string {
  const text = typeof weight === 'number' ? decimal(weight) : weight;
  if (typeof text === 'string' && readWeight(text) === weight) return text;
  throw new NamingError(
    `metadata.weight is ${formatValue(weight)}; ${format} needs a number from 0 with at most 15 digits before the point and after it`,
  );
}

function decimal(weight: number): string {
  const text = String(weight);
  return text.includes('e-') ? weight.toFixed(15).replace(/0+$/, '') : text;
}

/**
 * Returns the top level of an endpoint's metadata; empty without metadata.
 * @throws {NamingError} for metadata that is not a plain object, such as a list, a text, a Map or a Date.
 */
export function metadataMembers(metadata: JsonValue | undefined, format: string): MetadataMembers {
  if (metadata === null || metadata === undefined) return {};
  if (isMembers(metadata)) return metadata;
  throw new NamingError(`the format ${format} has no place for metadata that is not a plain object`);
}

/**
 * Converts the top level of metadata to a string map. Numbers and booleans are written as text, because Go's readers of
 * these formats reject a record with any other type, and kratos rejects the whole list.
 * @throws {NamingError} for a value that has no text: a list, an object, null, NaN or an infinity.
 */
export function toStringMap(members: MetadataMembers, format: string): StringMap {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(members))
    if (value !== undefined) entries.push([name, writeText(name, value, format)]);
  return Object.fromEntries(entries);
}

function writeText(name: string, value: JsonValue, format: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value);
  throw new NamingError(
    `metadata.${name} is ${kindOf(value)}; the metadata of the format ${format} has only texts, numbers and booleans`,
  );
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function isMembers(value: JsonValue): value is MetadataMembers {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
