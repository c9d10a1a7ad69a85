import { InvalidInputError } from '../errors/index.js';
import { printable } from './key-text.js';

export const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

/**
 * A revision, lease id or the like, as etcd takes it: plain JavaScript passes numbers where the wire has 64 bits.
 * @throws {InvalidInputError} naming it, for what is no bigint from `least` to 2^63 - 1.
 */
export function checkInt64(name: string, value: bigint, least: bigint): bigint {
  if (typeof value === 'bigint' && value >= least && value <= maxInt64) return value;
  throw new InvalidInputError(
    objectMistake(name, value) ??
      `${name} is ${shown(value)}; it must be a bigint from ${least === minInt64 ? '-2^63' : `${least}n`} to 2^63 - 1`,
  );
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? `'${printable(value)}' (string)` : `${String(value)} (${typeof value})`;
}

/** For an object that has the number. */
function objectMistake(name: string, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, revision } = value as Partial<Record<'id' | 'revision', unknown>>;
  if (typeof id === 'bigint') return `${name} is the lease itself; pass its id, as in lease.id`;
  return typeof revision === 'bigint' ? `${name} is an object; pass its revision` : undefined;
}
