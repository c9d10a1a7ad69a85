import { InvalidInputError } from '../errors/index.js';
import { checkInt64, minInt64 } from './int64.js';
import type { LeaseId } from './key-value.js';
import { wrongTypeError, wrongValueError } from './options/index.js';

/** The width of a lease id in Go, including the sign: `%016x`. */
const width = 16;

/** A lease as part of a sentence: `lease 1a2b (hex)`. */
export function describeLease(id: LeaseId): string {
  return `lease ${formatLeaseId(id).replace(/^(-?)0+(?=.)/, '$1')} (hex)`;
}

/**
 * Formats a lease id as `etcdctl` does: 16 lower-case hexadecimal characters, with a minus for a negative one.
 * @throws {InvalidInputError} for a value that is not a signed 64-bit bigint.
 */
export function formatLeaseId(id: LeaseId): string {
  checkInt64('lease id', id, minInt64);
  const sign = id < 0n ? '-' : '';
  return (
    sign +
    id
      .toString(16)
      .slice(sign.length)
      .padStart(width - sign.length, '0')
  );
}

/**
 * Parses a lease id as `etcdctl` does: hexadecimal without `0x`, a signed 64-bit number.
 * @throws {InvalidInputError} for any other text.
 */
export function parseLeaseId(text: string): LeaseId {
  if (typeof text !== 'string') throw wrongTypeError('the lease id', text, 'a string of hexadecimal digits');
  const [, sign, digits] = /^([+-]?)([0-9a-f]+)$/i.exec(text) ?? [];
  const size = BigInt(`0x${digits ?? '0'}`);
  const id = sign === '-' ? -size : size;
  if (digits === undefined || BigInt.asIntN(64, id) !== id)
    throw wrongValueError('the lease id', text, 'hexadecimal, a signed 64-bit number, as etcdctl prints it');
  return id;
}

/**
 * Returns the id of an existing lease after checking it. Other clients may have chosen a negative one.
 * @throws {InvalidInputError} for 0, which means "no lease", and for a value that is not a 64-bit bigint.
 */
export function checkLeaseId(id: LeaseId): LeaseId {
  if (id === 0n) throw new InvalidInputError('lease id is 0n, which stands for no lease');
  return checkInt64('lease id', id, minInt64);
}
