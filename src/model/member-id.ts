import { InvalidInputError } from '../errors/index.js';
import { wrongTypeError, wrongValueError } from './options/index.js';

const maxUint64 = 2n ** 64n - 1n;

/**
 * Formats a member's id as `etcdctl` does: lower-case hexadecimal without padding, such as `8e9e05c52164694d`.
 * @throws {InvalidInputError} for a value that is not an unsigned 64-bit bigint.
 */
export function formatMemberId(id: bigint): string {
  const expected = 'a bigint from 0 to 2^64 - 1';
  if (typeof id !== 'bigint') throw wrongTypeError('member id', id, expected);
  if (id < 0n || id > maxUint64) throw wrongValueError('member id', id, expected);
  return id.toString(16);
}

/**
 * Parses a member's id as `etcdctl` does: hexadecimal without `0x`, an unsigned 64-bit number other than 0.
 * @throws {InvalidInputError} for any other text.
 */
export function parseMemberId(text: string): bigint {
  if (typeof text !== 'string') throw wrongTypeError('the member id', text, 'a string of hexadecimal digits');
  const id = /^[0-9a-f]+$/i.test(text) ? BigInt(`0x${text}`) : 0n;
  if (id === 0n || id > maxUint64)
    throw wrongValueError(
      'the member id',
      text,
      'hexadecimal, from 1 to ffffffffffffffff, as etcdctl prints it',
    );
  return id;
}

/**
 * Returns the id of a member after checking it.
 * @param name The name of the argument, for the error.
 * @throws {InvalidInputError} for 0, which means "no member", and for a value that is not an unsigned 64-bit bigint.
 */
export function checkMemberId(id: bigint, name = 'member id'): bigint {
  if (typeof id === 'bigint' && id > 0n && id <= maxUint64) return id;
  const { id: own } = (id ?? {}) as { readonly id?: unknown };
  if (typeof own === 'bigint')
    throw new InvalidInputError(`${name} is the member itself; pass its id, as in member.id`);
  throw wrongTypeError(name, id, 'a bigint from 1 to 2^64 - 1');
}
