import { InvalidInputError } from '../../errors/index.js';

/** A key or value as an argument: a string stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/**
 * The bytes as a Buffer. Those of a Uint8Array are shared: for values, which are encoded before the call returns.
 * @throws {InvalidInputError} for any other type.
 */
export function toBuffer(bytes: Bytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8');
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw notBytesError('a key or value', bytes);
}

/** How many bytes are compared here: calling `Buffer.compare` takes as long. */
const comparedHere = 64;

/** Returns a number below, equal to or above zero, as `Buffer.compare` does. Most keys differ within a few bytes. */
export function compareBytes(a: Buffer, b: Buffer): number {
  const shared = Math.min(a.length, b.length);
  const end = Math.min(shared, comparedHere);
  for (let i = 0; i < end; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return end < shared ? a.compare(b) : a.length - b.length;
}

/** The error for a value that is neither a string nor bytes. It suggests a conversion and never contains the value. */
export function notBytesError(name: string, value: unknown): InvalidInputError {
  return new InvalidInputError(
    `${name} is ${kindOf(value)}; it must be a string or a Uint8Array${conversionHint(value)}`,
  );
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function conversionHint(value: unknown): string {
  switch (typeof value) {
    case 'object':
      return value === null ? '' : '; pass JSON.stringify(value)';
    case 'number':
    case 'bigint':
    case 'boolean':
      return '; pass String(value)';
    default:
      return '';
  }
}
