import { escapeControls } from '../../errors/index.js';
import { isOpenEnded, prefixEnd, type WireRange } from './key-range.js';
import { keyText, printable } from './key-text.js';

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
  /** The `etcdctl` command that permits the access to a role, for a POSIX shell; only for a single range. */
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

/** The command that grants a range to a role; undefined if a terminal cannot show the key as it is. */
function grant({ key, rangeEnd }: WireRange, access: Access): string | undefined {
  const keys = grantedKeys(key, rangeEnd);
  if (keys === undefined) return undefined;
  return `etcdctl role grant-permission ROLE ${access === 'read or write' ? 'readwrite' : access} ${keys}`;
}

function grantedKeys(key: Buffer, rangeEnd: Buffer): string | undefined {
  if (isOpenEnded(rangeEnd) && isFirstKey(key)) return "--prefix ''";
  if (rangeEnd.length === 0) return shellWords(key);
  if (isOpenEnded(rangeEnd)) return shellWords(key, '--from-key ');
  if (rangeEnd.equals(prefixEnd(key))) return shellWords(key, '--prefix ');
  const [start, end] = [shellWords(key), shellWords(rangeEnd)];
  return start === undefined || end === undefined ? undefined : `${start} ${end.replace(/^-- /, '')}`;
}

/** Text that a shell takes as it is. */
const plainText = /^[\w./:@%+,-]+$/;

/** A key as an argument in a shell. A key that begins with a dash follows `--`, or it would be an option. */
function shellWords(key: Buffer, option = ''): string | undefined {
  const text = keyText(key);
  if (escapeControls(text) !== text) return undefined;
  const word = plainText.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  return `${option}${text.startsWith('-') ? '-- ' : ''}${word}`;
}

function isFirstKey(key: Buffer): boolean {
  return key.length === 1 && key[0] === 0;
}
