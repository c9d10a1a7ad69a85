import { InvalidInputError } from '../errors/index.js';
import { printable } from './keys/key-text.js';

export const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

/**
 * Returns a revision, lease id or other int64 after checking it: plain JavaScript may pass a number.
 * @throws {InvalidInputError} with its name when it is not a bigint from `min` to 2^63 - 1.
 */
export function checkInt64(name: string, value: bigint, min: bigint): bigint {
  if (typeof value === 'bigint' && value >= min && value <= maxInt64) return value;
  throw new InvalidInputError(
    objectMistake(name, value) ??
      `${name} is ${formatted(value)}; it must be a bigint from ${min === minInt64 ? '-2^63' : `${min}n`} to 2^63 - 1`,
  );
}

function formatted(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? `'${printable(value)}' (string)` : `${String(value)} (${typeof value})`;
}

/** The error text for an object that has the number as a member. */
function objectMistake(name: string, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, revision } = value as Partial<Record<'id' | 'revision', unknown>>;
  if (typeof id === 'bigint') return `${name} is the lease itself; pass its id, as in lease.id`;
  return typeof revision === 'bigint' ? `${name} is an object; pass its revision` : undefined;
}
