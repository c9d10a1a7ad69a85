import type { FieldChange } from '../protocol/index.js';

/** What is compared of a record. */
export interface RecordFields {
  readonly addr?: string | undefined;
  /** JSON. Null is the same as none. */
  readonly metadata?: unknown;
  /** The id as text; undefined for a permanent record. */
  readonly lease?: string | undefined;
  /** For what is not an endpoint: the value as text. */
  readonly value?: string | undefined;
  /** Why it is not an endpoint. */
  readonly problem?: string | undefined;
}

/** Two values at the same place; undefined for none. */
interface Pair {
  readonly path: string;
  readonly depth: number;
  readonly before: unknown;
  readonly after: unknown;
  /** The pair of which it is an unnamed part; undefined if its path is complete. */
  readonly whole?: Pair;
}

const maxChanges = 50;
/** The parts of objects that are nested deeper are not named. */
const maxDepth = 16;
/** Longer paths are cut: a name may be as long as a value. */
const maxPathLength = 200;
const maxValueLength = 200;

/**
 * The parts in which two versions of a record differ: all of it if there is only one. At most 50, in the order of the
 * names. Not affected by deep nesting, nor by the order of members.
 * @param before undefined for a new record.
 */
export function fieldChanges(
  before: RecordFields | undefined,
  after: RecordFields | undefined,
): FieldChange[] {
  const open = fields.map(
    (path): Pair => ({
      path,
      depth: 0,
      before: before?.[path] ?? undefined,
      after: after?.[path] ?? undefined,
    }),
  );
  const found = new Set<Pair>();
  for (let pair = open.pop(); pair && found.size < maxChanges; pair = open.pop()) {
    const parts = partsOf(pair);
    // Not a spread: an object may have more members than a call may have arguments.
    if (parts) for (const part of parts.reverse()) open.push(part);
    else if (!isSame(pair)) found.add(pair.whole ?? pair);
  }
  return Array.from(found, toChange);
}

/** The last one is compared first. */
const fields = ['metadata', 'problem', 'value', 'lease', 'addr'] as const;

/** The members of two objects, or the items of two lists of the same length; undefined for what has no parts to compare. */
function partsOf(pair: Pair): Pair[] | undefined {
  const { before, after } = pair;
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.map((item, i) => partOf(pair, () => `[${i}]`, item, after[i]));
  return memberNames(before, after)?.map((name) =>
    partOf(pair, () => suffixOf(name), memberOf(before, name), memberOf(after, name)),
  );
}

function partOf(pair: Pair, suffix: () => string, before: unknown, after: unknown): Pair {
  const { path, depth } = pair;
  if (depth >= maxDepth) return { path, depth, before, after, whole: pair.whole ?? pair };
  return { path: (path + suffix()).slice(0, maxPathLength), depth: depth + 1, before, after };
}

/** Undefined unless one of the two is an object with members, and the other an object or absent. */
function memberNames(before: unknown, after: unknown): string[] | undefined {
  const areObjects = [before, after].every((value) => value === undefined || isObject(value));
  const names = new Set([before, after].flatMap((value) => (isObject(value) ? Object.keys(value) : [])));
  return areObjects && names.size > 0 ? [...names] : undefined;
}

function suffixOf(name: string): string {
  return /^[\w$-]{1,200}$/.test(name) ? `.${name}` : `[${jsonStart(name, maxPathLength)}]`;
}

function toChange({ path, before, after }: Pair): FieldChange {
  return {
    path,
    ...(before === undefined ? {} : { before: jsonStart(before, maxValueLength) }),
    ...(after === undefined ? {} : { after: jsonStart(after, maxValueLength) }),
  };
}

/**
 * A JSON value as text, cut to about this many characters with an ellipsis. Takes neither more time nor more stack than
 * the result needs: each level of nesting writes a character.
 */
export function jsonStart(value: unknown, maxLength: number): string {
  let text = '';
  for (const token of tokensOf(value, maxLength)) {
    text += token;
    if (text.length > maxLength) return `${text.slice(0, maxLength - 1)}…`;
  }
  return text;
}

function* tokensOf(value: unknown, maxLength: number): Generator<string> {
  if (Array.isArray(value)) yield* listTokens(value, maxLength);
  else if (isObject(value)) yield* objectTokens(value, maxLength);
  else yield typeof value === 'string' ? JSON.stringify(value.slice(0, maxLength)) : String(value);
}

function* listTokens(items: readonly unknown[], maxLength: number): Generator<string> {
  yield '[';
  for (const [i, item] of items.entries()) {
    if (i > 0) yield ',';
    yield* tokensOf(item, maxLength);
  }
  yield ']';
}

function* objectTokens(object: object, maxLength: number): Generator<string> {
  yield '{';
  let separator = '';
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue;
    yield `${separator}${JSON.stringify(name.slice(0, maxLength))}:`;
    yield* tokensOf(member, maxLength);
    separator = ',';
  }
  yield '}';
}

/** Whether two values without parts are the same: scalars, or objects without members. */
function isSame({ before, after }: Pair): boolean {
  return Object.is(before, after) || (isObject(before) && isObject(after));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(object: unknown, name: string): unknown {
  return isObject(object) && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
