import { InvalidInputError } from '../errors/index.js';

/** Keys and values on the way in: a string stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/**
 * The bytes themselves. A Uint8Array is viewed, not copied: do not change it until the call has settled.
 * @throws {InvalidInputError} for anything else.
 */
export function toBuffer(bytes: Bytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8');
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new InvalidInputError(`a key or value is ${String(bytes)}; it must be a string or a Uint8Array`);
}
