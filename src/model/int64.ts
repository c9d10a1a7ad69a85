import { InvalidInputError } from '../errors/index.js';

export const smallestInt64 = -(2n ** 63n);
const largest = 2n ** 63n - 1n;

/**
 * A revision, lease id or the like, as etcd takes it: plain JavaScript passes numbers where the wire has 64 bits.
 * @throws {InvalidInputError} naming it, for what is no bigint from `least` to 2^63 - 1.
 */
export function checkInt64(name: string, value: bigint, least: bigint): bigint {
  if (typeof value === 'bigint' && value >= least && value <= largest) return value;
  const shown = typeof value === 'bigint' ? `${value}n` : `${String(value)} (${typeof value})`;
  throw new InvalidInputError(
    `${name} is ${shown}; it must be a bigint from ${least === smallestInt64 ? '-2^63' : `${least}n`} to 2^63 - 1`,
  );
}
