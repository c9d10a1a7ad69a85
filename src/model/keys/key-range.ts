import { InvalidInputError } from '../../errors/index.js';
import { anything, type Check, formatValue, optionsChecker } from '../options/index.js';
import { type Bytes, compareBytes } from './bytes.js';
import { keyBytes, printable } from './key-text.js';

/** The keys of a request: one key, the keys from one up to another, those with a prefix, or those from one on. */
export type KeyRange =
  | {
      /** This key; with `rangeEnd`, the first of several. */
      readonly key: Bytes;
      /** The keys from `key` up to, but not including, this one. Default: `key` alone. */
      readonly rangeEnd?: Bytes;
    }
  | {
      /** The keys that start with it. The empty prefix means all keys. */
      readonly prefix: Bytes;
    }
  | {
      /** This key and all keys after it, in the order of their bytes. */
      readonly fromKey: Bytes;
    };

/** A range in etcd's two fields: an empty `rangeEnd` means one key, a single zero byte means "from key". */
export interface WireRange {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

const zeroByte = Buffer.of(0);
const none = Buffer.alloc(0);

/**
 * Converts a range to etcd's `key` and `range_end`.
 * @throws {InvalidInputError} for an empty key, for a range that ends before it starts, which etcd would refuse, and
 *   for a range in two forms at the same time.
 */
export function toWireRange(range: Bytes | KeyRange): WireRange {
  if (typeof range === 'string' || range instanceof Uint8Array) return single(range);
  checkForm(range);
  if ('prefix' in range) return prefixRange(keyBytes(range.prefix));
  if ('fromKey' in range) return { key: orZero(keyBytes(range.fromKey)), rangeEnd: zeroByte };
  if (range.rangeEnd === undefined) return single(range.key);
  const key = orZero(keyBytes(range.key));
  const rangeEnd = keyBytes(range.rangeEnd);
  if (!isOpenEnded(rangeEnd) && key.compare(rangeEnd) >= 0) {
    throw new InvalidInputError(
      `the range is empty: '${printable(key)}' is not before '${printable(rangeEnd)}'`,
    );
  }
  return { key, rangeEnd };
}

/** The same range in bytes of its own, for a range that is used after the call that it was given to. */
export function ownRange(range: Bytes | KeyRange): KeyRange {
  return toKeyRange(toWireRange(range));
}

/** The range as callers write it: the opposite of {@link toWireRange}, without its checks. */
export function toKeyRange({ key, rangeEnd }: WireRange): KeyRange {
  if (rangeEnd.length === 0) return { key };
  return isOpenEnded(rangeEnd) ? { fromKey: key } : { key, rangeEnd };
}

/** The end of a prefix's range: the last byte below 0xff is incremented; a single zero byte when there is none. */
export function prefixEnd(prefix: Buffer): Buffer {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0;
    if (byte < 0xff) {
      const end = Buffer.from(prefix.subarray(0, i + 1));
      end[i] = byte + 1;
      return end;
    }
  }
  return zeroByte;
}

/** The next key in byte order. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, zeroByte]);
}

/** Whether the key lies in the range. */
export function contains({ key: start, rangeEnd }: WireRange, key: Buffer): boolean {
  if (rangeEnd.length === 0) return start.equals(key);
  return compareBytes(start, key) <= 0 && (isOpenEnded(rangeEnd) || compareBytes(rangeEnd, key) > 0);
}

/** Whether the range has no end. */
export function isOpenEnded(rangeEnd: Buffer): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0;
}

const forms = ['key', 'prefix', 'fromKey'];

const checkNames = optionsChecker<KeyRange>(
  { key: anything, rangeEnd: anything, prefix: anything, fromKey: anything },
  { label: 'the range' },
);

/** Checks the member names of a range that is part of other input. `toWireRange` checks the keys. */
export const checkKeyRange: Check = (range, name) => {
  if (typeof range === 'object' && range !== null && !(range instanceof Uint8Array)) checkNames(range, name);
};

/** TypeScript accepts `{ prefix, rangeEnd }`, of which one would be ignored. */
function checkForm(range: KeyRange): void {
  if (typeof range !== 'object' || range === null) {
    throw new InvalidInputError(`the range is ${formatValue(range)}; it must be a key or a range of keys`);
  }
  checkNames(range);
  const given = forms.filter((form) => form in range);
  if (given.length === 1 && (given[0] === 'key' || !('rangeEnd' in range))) return;
  throw new InvalidInputError(
    `the range has ${Object.keys(range).join(', ') || 'nothing'}; it must have one of key, prefix and fromKey, and rangeEnd only beside key`,
  );
}

function single(key: Bytes): WireRange {
  const buffer = keyBytes(key);
  if (buffer.length === 0) throw new InvalidInputError('the key is empty');
  return { key: buffer, rangeEnd: none };
}

function prefixRange(prefix: Buffer): WireRange {
  return { key: orZero(prefix), rangeEnd: prefixEnd(prefix) };
}

/** etcd has no empty key; its smallest key is a single zero byte. */
function orZero(key: Buffer): Buffer {
  return key.length === 0 ? zeroByte : key;
}
