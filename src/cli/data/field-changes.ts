import type { JsonValue } from '../../index.js';
import { sameJson } from '../../internal.js';

/** What is compared of a record. */
export interface RecordFields {
  readonly addr: string | undefined;
  readonly metadata?: JsonValue | undefined;
  /** The id as text; undefined for a permanent record. */
  readonly lease?: string | undefined;
}

/** A changed part of a record. A value that is absent was added or removed. */
export interface FieldDifference {
  /** `addr`, `lease`, or a path in the metadata, such as `metadata.labels.zone`. */
  readonly path: string;
  /** As JSON, cut to 200 characters. */
  readonly before?: string;
  readonly after?: string;
}

/** Two values at the same place; undefined for none. */
interface Pair {
  readonly path: string;
  readonly depth: number;
  readonly before: unknown;
  readonly after: unknown;
}

const maxChanges = 50;
/** Objects that are nested deeper are compared as one value. */
const maxDepth = 16;
/** Longer paths are cut: a name may be as long as a value. */
const maxPathLength = 200;
const maxValueLength = 200;

/**
 * The parts in which two versions of a record differ: all of it if there is only one. At most 50, in the order of the
 * names. Not affected by deep nesting, nor by the order of members.
 * @param before undefined for a new record.
 */
export function fieldDifferences(
  before: RecordFields | undefined,
  after: RecordFields | undefined,
): FieldDifference[] {
  const open: Pair[] = [
    {
      path: 'metadata',
      depth: 0,
      before: before?.metadata ?? undefined,
      after: after?.metadata ?? undefined,
    },
    { path: 'lease', depth: 0, before: before?.lease, after: after?.lease },
    { path: 'addr', depth: 0, before: before?.addr, after: after?.addr },
  ];
  const found: FieldDifference[] = [];
  for (let pair = open.pop(); pair && found.length < maxChanges; pair = open.pop()) {
    const parts = partsOf(pair);
    if (parts) open.push(...parts);
    else if (!isSame(pair.before, pair.after)) found.push(toDifference(pair));
  }
  return found;
}

/** The members of two objects, or the items of two lists of the same length; undefined for what is compared as a whole. */
function partsOf({ path, depth, before, after }: Pair): Pair[] | undefined {
  if (depth >= maxDepth) return undefined;
  const part = (suffix: string, one: unknown, other: unknown): Pair => ({
    path: (path + suffix).slice(0, maxPathLength),
    depth: depth + 1,
    before: one,
    after: other,
  });
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.map((item, i) => part(`[${i}]`, item, after[i])).reverse();
  const names = memberNames(before, after);
  return names?.map((name) => part(suffixOf(name), memberOf(before, name), memberOf(after, name))).reverse();
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

function toDifference({ path, before, after }: Pair): FieldDifference {
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
    yield `${separator}${JSON.stringify(name.slice(0, maxLength))}:`;
    yield* tokensOf(member, maxLength);
    separator = ',';
  }
  yield '}';
}

function isSame(before: unknown, after: unknown): boolean {
  return sameJson(before as JsonValue | undefined, after as JsonValue | undefined);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(object: unknown, name: string): unknown {
  return isObject(object) && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
