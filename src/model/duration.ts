import { InvalidInputError } from '../errors/index.js';

/** @throws {InvalidInputError} unless it is a number of at least 0; `Infinity` waits without end. */
export function checkDuration(name: string, ms: unknown): asserts ms is number {
  if (!(typeof ms === 'number' && ms >= 0))
    throw new InvalidInputError(`${name} is ${String(ms)}; it must be a number of at least 0`);
}
