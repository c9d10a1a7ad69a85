import { InvalidInputError } from '../errors/index.js';
import { checkInt64, minInt64 } from './int64.js';
import type { LeaseId } from './key-value.js';
import { wrongTypeError } from './options/index.js';

/** Go's width for a lease id, sign included: `%016x`. */
const width = 16;

/** A lease in a sentence. */
export function describeLease(id: LeaseId): string {
  return `lease ${formatLeaseId(id).replace(/^(-?)0+(?=.)/, '$1')} (hex)`;
}

/** A lease id as `etcdctl` prints it: 16 characters in lower hex, with a minus for a negative one. @throws {InvalidInputError} for what is no bigint. */
export function formatLeaseId(id: LeaseId): string {
  if (typeof id !== 'bigint') throw wrongTypeError('lease id', id, 'a bigint');
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
 * The lease id that `etcdctl` would read from a text: hexadecimal, without `0x`, in 64 bits with a sign.
 * @throws {InvalidInputError} for any other text.
 */
export function parseLeaseId(text: string): LeaseId {
  if (typeof text !== 'string') throw wrongTypeError('the lease id', text, 'a string of hexadecimal digits');
  const [, sign, digits] = /^([+-]?)([0-9a-f]+)$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new InvalidInputError(`the lease id is '${text}'; it must be hexadecimal, as etcdctl prints it`);
  const size = BigInt(`0x${digits}`);
  return checkInt64('the lease id', sign === '-' ? -size : size, minInt64);
}

/**
 * The id of a lease that exists: negative ones too, which other clients may have chosen.
 * @throws {InvalidInputError} for 0, which stands for no lease, and what is no bigint of 64 bits.
 */
export function checkLeaseId(id: LeaseId): LeaseId {
  if (id === 0n) throw new InvalidInputError('lease id is 0n, which stands for no lease');
  return checkInt64('lease id', id, minInt64);
}
