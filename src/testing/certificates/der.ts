/**
 * DER, the encoding of certificates (ITU-T X.690): a value is its tag, the length of its content, and its content. This
 * file has the types that a certificate needs.
 */
export function encode(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag, ...lengthOf(body.length)), body]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => encode(0x30, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => encode(0x31, ...items);
export const octetString = (bytes: Uint8Array): Buffer => encode(0x04, bytes);
export const utf8String = (text: string): Buffer => encode(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => encode(0x01, Buffer.of(value ? 0xff : 0));

/** A field that is marked by a number instead of its type. `constructed`: its content is one or several values. */
export function tagged(number: number, content: Uint8Array, { constructed = false } = {}): Buffer {
  return encode((constructed ? 0xa0 : 0x80) | number, content);
}

/** A non-negative integer, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.of(0) : bytes.subarray(start);
  // A first bit of 1 would be a minus sign.
  return encode(0x02, Buffer.from((digits[0] ?? 0) & 0x80 ? [0] : []), digits);
}

/** @param unusedBits The number of bits at the end of the last byte that do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(0x03, Buffer.of(unusedBits), bytes);
}

/** @param dotted Such as `2.5.29.17`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/**
 * A time in whole seconds. A certificate stores years before 2050 with two digits.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5
 */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  const isShort = date.getUTCFullYear() < 2050;
  return encode(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits));
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** Seven bits in each byte; all bytes but the last have the first bit set. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
