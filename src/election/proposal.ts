import { type Bytes, notBytesError, toBuffer } from '../model/index.js';

/** A copy of the value of a candidate. @throws {InvalidInputError} if it is neither a string nor bytes. */
export function proposalBytes(value: Bytes): Buffer {
  if (typeof value === 'string' || value instanceof Uint8Array) return Buffer.from(toBuffer(value));
  throw notBytesError('the value of the candidate', value);
}
