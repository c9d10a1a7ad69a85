import { isUtf8 } from 'node:buffer';
import { type Endpoint, type KeyValue, keyText } from '../../index.js';
import { isRounded } from '../../internal.js';
import type { Target } from '../args/target.js';
import { CliError, messageWithoutCode } from '../errors.js';
import { joinSome } from '../output/text.js';
import { numbersIn, withoutStrings } from './records.js';

/** Two values at the same place; undefined for none. */
type Pair = readonly [path: string, stored: unknown, rewritten: unknown];

/**
 * The parts of a record that a change of its endpoint loses or changes besides. Only for a record of Go's format, whose
 * clients read no other parts. That of a framework is written by its codec, which does not know every part of it, and the
 * framework does not write it again: it must not be changed.
 * @param unmarked the endpoint without the change: its record should be the stored one.
 * @param action what to do through the framework instead, in the message.
 * @throws {CliError} for a record of a framework that has such parts.
 */
export function lostParts(target: Target, kv: KeyValue, action: string, unmarked: Endpoint): string[] {
  const { codec, format } = target;
  const key = keyText(kv.key);
  if (codec === undefined) return changedParts(kv.value, format.encode(key, unmarked), inGoNames);
  const refuse = (reason: string) =>
    new CliError(`'${key}' was not changed: ${reason}; ${action} at its server, or through ${codec.name}`);
  let rewritten: Buffer;
  try {
    rewritten = format.encode(key, unmarked);
  } catch (error) {
    throw refuse(`the codec cannot write this record: ${messageWithoutCode(error)}`);
  }
  const parts = changedParts(kv.value, rewritten);
  if (parts.length > 0) throw refuse(`writing it again would change or lose ${joinSome(parts)}`);
  return parts;
}

/** The record as Go writes it: it reads the names in any case, and takes an absent `Op` for 0. */
function inGoNames(record: unknown): unknown {
  if (!isObject(record)) return record;
  const members = Object.entries(record).map(([name, value]): [string, unknown] => [goName(name), value]);
  const named: object = Object.fromEntries(members);
  // A name in several cases: only the last one counts for Go, so the others are lost.
  const known = Object.keys(named).length < members.length ? record : named;
  return (memberOf(known, 'Op') ?? null) === null ? { ...known, Op: 0 } : known;
}

function goName(name: string): string {
  return ['Op', 'Addr', 'Metadata'].find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

/**
 * Returns the parts of a stored JSON value that are lost or changed when it is replaced by another one; none if both are
 * the same JSON. The order of members and white space do not count. In a member that is written, null, an empty value and
 * an absent one are the same, as they are for Go.
 * @param canonical replaces the stored value by an equivalent one before the comparison.
 */
export function changedParts(
  stored: Buffer,
  rewritten: Buffer,
  canonical: (value: unknown) => unknown = (value) => value,
): string[] {
  if (stored.equals(rewritten)) return [];
  if (!isUtf8(stored)) return ['bytes that are not UTF-8'];
  const text = stored.toString();
  const kept = new Set(numbersIn(rewritten.toString()));
  const rounded = numbersIn(text).find((digits) => isRounded(digits, Number(digits)) && !kept.has(digits));
  if (rounded !== undefined) return [`the digits of ${rounded}`];
  const [before, after] = [parse(text), parse(rewritten.toString())];
  if (before === undefined || after === undefined) return ['a value that is not JSON'];
  const changed = compare(canonical(before), after);
  return changed.length === 0 && countMembers(before) !== withoutStrings(text).split(':').length - 1
    ? ['repeated members']
    : changed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Not recursive: a stored value may be nested deeper than the stack. */
function compare(stored: unknown, rewritten: unknown): string[] {
  const open: Pair[] = [['', stored, rewritten]];
  const changed: string[] = [];
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [path, one, other] = pair;
    const parts = partsOf(pair);
    if (parts) for (const part of parts.reverse()) open.push(part);
    else if (!isSame(one, other)) changed.push(path === '' ? 'the value' : path);
  }
  return changed;
}

/** The members of all objects in a value. Not recursive, as above. */
function countMembers(value: unknown): number {
  const open = [value];
  let count = 0;
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const items = Object.values(next);
    if (!Array.isArray(next)) count += items.length;
    for (const item of items) open.push(item);
  }
  return count;
}

/**
 * The parts of two objects, or of two lists of the same length; undefined for others. Go writes a map without members as
 * null: those that it had are its parts.
 */
function partsOf([path, stored, rewritten]: Pair): Pair[] | undefined {
  if (Array.isArray(stored) && Array.isArray(rewritten) && stored.length === rewritten.length)
    return stored.map((item, i): Pair => [`${path}[${i}]`, item, rewritten[i]]);
  if (!isObject(stored)) return undefined;
  const other = rewritten === null && !isEmpty(stored) ? {} : rewritten;
  if (!isObject(other)) return undefined;
  const names = new Set([...Object.keys(stored), ...Object.keys(other)]);
  return Array.from(names, (name): Pair => {
    const at = path === '' ? name : `${path}.${name}`;
    return [at, memberOf(stored, name), memberOf(other, name)];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** A member that is not written, such as an unknown one, is lost even if it is empty. */
function isSame(stored: unknown, rewritten: unknown): boolean {
  if (Object.is(stored, rewritten)) return true;
  if (rewritten === undefined) return false;
  return (stored ?? null) === null ? isEmpty(rewritten) : rewritten === null && isEmpty(stored);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
