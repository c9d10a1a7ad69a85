import { InvalidInputError } from '../../errors/index.js';
import { printable } from '../keys/key-text.js';

/** Formats a value for an error text: a string in quotes, a bigint with its `n`, an object only by its kind. */
export function formatValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${printable(value)}'`;
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

/** As {@link formatValue}, with the type where the value alone may be ambiguous: `'10' (string)`. */
function formatWithType(value: unknown): string {
  const hasValue = value !== undefined && typeof value !== 'object' && typeof value !== 'function';
  return hasValue ? `${formatValue(value)} (${typeof value})` : formatValue(value);
}

/** The error for a value of the wrong type. @param expected Completes "it must be …". */
export function wrongTypeError(name: string, value: unknown, expected: string): InvalidInputError {
  return new InvalidInputError(`${name} is ${formatWithType(value)}; it must be ${expected}`);
}

/** The error for a value of the right type that is out of range. */
export function wrongValueError(name: string, value: unknown, expected: string): InvalidInputError {
  return new InvalidInputError(`${name} is ${formatValue(value)}; it must be ${expected}`);
}
