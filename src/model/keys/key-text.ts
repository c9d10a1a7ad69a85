import { escapeControls, InvalidInputError } from '../../errors/index.js';
import { hasLoneSurrogate, loneSurrogateText } from '../lone-surrogate.js';
import { type Bytes, toBuffer } from './bytes.js';

const escapedByte = /([\udc80-\udcff])/u;
const escapeBase = 0xdc00;
const replacement = '\ufffd';

/**
 * A key as text, which `keyBytes` converts back: its UTF-8 text, with each byte that is not part of well-formed UTF-8
 * as a lone surrogate, 0x80 as U+DC80 up to 0xff as U+DCFF. No two keys have the same text. This is Python's
 * `surrogateescape` (PEP 383). JSON preserves such text: `JSON.stringify` writes it as `\udc80`.
 */
export function keyText(key: Uint8Array): string {
  const bytes = toBuffer(key);
  const text = bytes.toString('utf8');
  // Malformed bytes are decoded as U+FFFD, so a text without U+FFFD needs no escapes.
  return text.includes(replacement) ? escapeBytes(bytes) : text;
}

/**
 * The bytes of a key: a string stands for its UTF-8 bytes, and a lone surrogate from U+DC80 to U+DCFF for the byte that
 * `keyText` escapes with it. The bytes of a Uint8Array are copied, because their owner may change them during a call.
 * @throws {InvalidInputError} for any other lone surrogate, which UTF-8 cannot encode: all would become the same key.
 */
export function keyBytes(key: Bytes): Buffer {
  if (key instanceof Uint8Array) return Buffer.from(key);
  if (typeof key !== 'string' || !hasLoneSurrogate(key)) return toBuffer(key);
  const parts = key.split(escapedByte).map((part, i) => {
    if (i % 2 === 1) return Buffer.of(part.charCodeAt(0) - escapeBase);
    if (hasLoneSurrogate(part))
      throw new InvalidInputError(`the key ${JSON.stringify(key)} ${loneSurrogateText}`);
    return Buffer.from(part, 'utf8');
  });
  return Buffer.concat(parts);
}

/** Whether the text is one that `keyText` returns: the only one for its bytes. */
export function isKeyText(text: string): boolean {
  if (!hasLoneSurrogate(text)) return true;
  const other = text.split(escapedByte).some((part, i) => i % 2 === 0 && hasLoneSurrogate(part));
  return !other && keyText(keyBytes(text)) === text;
}

const surrogate = /[\ud800-\udfff]/;

/**
 * Compares two keys in etcd's order, by bytes: negative if `a` is first. JavaScript compares UTF-16 units, whose order
 * differs for surrogates.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(keyBytes(a), keyBytes(b));
  return a < b ? -1 : 1;
}

/** Sorts in etcd's order, as {@link compareKeys} does. */
export function sortByKey<T extends { readonly key: string }>(items: T[]): T[] {
  const hasSurrogate = items.some(({ key }) => surrogate.test(key));
  if (!hasSurrogate) return items.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const bytes = new Map(items.map((item) => [item, keyBytes(item.key)]));
  return items.sort((a, b) => Buffer.compare(bytes.get(a) as Buffer, bytes.get(b) as Buffer));
}

/**
 * A key for messages and error texts: control characters, format characters and bytes that are not UTF-8 are escaped as
 * in JSON, and the text is cut at 200 characters.
 */
export function printable(key: Bytes): string {
  const text = JSON.stringify(typeof key === 'string' ? key : keyText(key)).slice(1, -1);
  return escapeControls(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** Writes UTF-16, which never needs more units than UTF-8 has bytes: joining strings is slow for a long key. */
function escapeBytes(key: Buffer): string {
  const utf16 = Buffer.allocUnsafe(2 * key.length);
  let end = 0;
  let wellFormedFrom = 0;
  for (let i = 0; i < key.length; ) {
    const length = sequenceLength(key, i);
    if (length === 0) {
      if (i > wellFormedFrom) end += utf16.write(key.toString('utf8', wellFormedFrom, i), end, 'utf16le');
      end = utf16.writeUInt16LE(escapeBase + (key[i] ?? 0), end);
      wellFormedFrom = i + 1;
    }
    i += length || 1;
  }
  end += utf16.write(key.toString('utf8', wellFormedFrom), end, 'utf16le');
  return utf16.toString('utf16le', 0, end);
}

/** The length of the well-formed UTF-8 sequence at an index; 0 if there is none (Unicode standard, table 3-7). */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const [min, max] = secondByteBounds(lead);
  if (!isBetween(bytes[at + 1], min, max)) return 0;
  if (lead < 0xe0) return 2;
  if (!isBetween(bytes[at + 2], 0x80, 0xbf)) return 0;
  if (lead < 0xf0) return 3;
  return isBetween(bytes[at + 3], 0x80, 0xbf) ? 4 : 0;
}

/** Excludes overlong forms, surrogates, and code points above U+10FFFF. */
function secondByteBounds(lead: number): readonly [min: number, max: number] {
  switch (lead) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}

function isBetween(byte: number | undefined, min: number, max: number): boolean {
  return byte !== undefined && byte >= min && byte <= max;
}
