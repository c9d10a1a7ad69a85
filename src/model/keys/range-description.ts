import { isOpenEnded, prefixEnd, type WireRange } from './key-range.js';
import { printable } from './key-text.js';

/** How a request uses a range. */
export type Access = 'read' | 'write' | 'read or write';

/** A range that a request reads or writes. */
export interface AccessedRange {
  readonly range: WireRange;
  readonly access: Access;
}

/** What a request accesses, for an error. */
export interface AccessDescription {
  /** The keys in one line: `'a'`, `the prefix 'a/'`, `'a', 'b', 'c' and 2 more`. */
  readonly subject?: string;
  readonly access?: Access;
  /** The arguments of `etcdctl role grant-permission ROLE` that permit the access; only for a single range. */
  readonly grant?: string;
}

/** How many of several ranges a text names. */
const maxNamed = 3;

/** Describes the ranges of a request and the permission that it needs. Called only for an error. */
export function describeAccess(ranges: readonly AccessedRange[]): AccessDescription {
  const byText = new Map(ranges.map(({ range }) => [rangeText(range), range]));
  const [first] = byText;
  if (!first) return {};
  const accesses = new Set(ranges.map((accessed) => accessed.access));
  const [only] = accesses;
  const access: Access = accesses.size === 1 && only !== undefined ? only : 'read or write';
  const subject = joinLimited([...byText.keys()]);
  const permission = byText.size === 1 ? grant(first[1], access) : undefined;
  return { subject, access, ...(permission === undefined ? {} : { grant: permission }) };
}

function joinLimited(texts: readonly string[]): string {
  const more = texts.length - maxNamed;
  return more > 0 ? `${texts.slice(0, maxNamed).join(', ')} and ${more} more` : texts.join(', ');
}

function rangeText({ key, rangeEnd }: WireRange): string {
  const start = printable(key);
  if (rangeEnd.length === 0) return `'${start}'`;
  if (isOpenEnded(rangeEnd)) return isFirstKey(key) ? 'all keys' : `the keys from '${start}'`;
  if (rangeEnd.equals(prefixEnd(key))) return `the prefix '${start}'`;
  return `the keys from '${start}' to '${printable(rangeEnd)}'`;
}

/** A key that needs no quotes in a shell. */
const plainKey = /^[\w./:@%+,-]+$/;

/** The arguments of `etcdctl role grant-permission`; undefined for a key that needs quotes. */
function grant({ key, rangeEnd }: WireRange, access: Access): string | undefined {
  const kind = access === 'read or write' ? 'readwrite' : access;
  if (isOpenEnded(rangeEnd) && isFirstKey(key)) return `${kind} --prefix ''`;
  const [start, end] = [key.toString('latin1'), rangeEnd.toString('latin1')];
  if (!plainKey.test(start)) return undefined;
  if (rangeEnd.length === 0) return `${kind} ${start}`;
  if (isOpenEnded(rangeEnd)) return `${kind} --from-key ${start}`;
  if (rangeEnd.equals(prefixEnd(key))) return `${kind} --prefix ${start}`;
  return plainKey.test(end) ? `${kind} ${start} ${end}` : undefined;
}

function isFirstKey(key: Buffer): boolean {
  return key.length === 1 && key[0] === 0;
}
