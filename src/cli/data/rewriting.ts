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
 * A record of a framework is written by its codec, which does not know every part of it. The framework does not write the
 * record again, so what is lost stays lost. Go's format is written by its own rules.
 * @param unmarked the endpoint without the change: its record must be the stored one.
 * @param action what to do through the framework instead, in the message.
 * @throws {CliError} for a record of which more than that would change.
 */
export function requireSameParts(
  { codec, format }: Target,
  kv: KeyValue,
  action: string,
  unmarked: Endpoint,
): void {
  if (codec === undefined) return;
  const key = keyText(kv.key);
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
}

/**
 * Returns the parts of a stored JSON value that are lost or changed when it is replaced by another one; none if both are
 * the same JSON. The order of members and white space do not count. In a member that is written, null, an empty value and
 * an absent one are the same, as they are for Go.
 */
export function changedParts(stored: Buffer, rewritten: Buffer): string[] {
  if (stored.equals(rewritten)) return [];
  if (!isUtf8(stored)) return ['bytes that are not UTF-8'];
  const text = stored.toString();
  const rounded = numbersIn(text).find((digits) => isRounded(digits, Number(digits)));
  if (rounded !== undefined) return [`the digits of ${rounded}`];
  const [before, after] = [parse(text), parse(rewritten.toString())];
  if (before === undefined || after === undefined) return ['a value that is not JSON'];
  const { changed, memberCount } = compare(before, after);
  const isRepeated = changed.length === 0 && memberCount !== withoutStrings(text).split(':').length - 1;
  return isRepeated ? ['repeated members'] : changed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Not recursive: a stored value may be nested deeper than the stack. */
function compare(stored: unknown, rewritten: unknown): { changed: string[]; memberCount: number } {
  const open: Pair[] = [['', stored, rewritten]];
  const changed: string[] = [];
  let memberCount = 0;
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [path, one, other] = pair;
    if (isObject(one)) memberCount += Object.keys(one).length;
    const parts = partsOf(pair);
    if (parts) for (const part of parts.reverse()) open.push(part);
    else if (!isSame(one, other)) changed.push(path === '' ? 'the value' : path);
  }
  return { changed, memberCount };
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
