import { InvalidInputError } from '../../errors/index.js';
import { checkInt64 } from '../int64.js';
import { hasLoneSurrogate, loneSurrogateText } from '../lone-surrogate.js';
import { formatValue, wrongTypeError, wrongValueError } from './value-errors.js';

/** Checks the value of one option, which is not undefined. @throws {InvalidInputError} with its name and value. */
export type Check = (value: unknown, name: string) => void;

/** The longest delay of a Node timer, in milliseconds: 24.8 days. Node runs a timer with a longer delay immediately. */
export const longestTimerMs = 2 ** 31 - 1;

/** Accepts any value: for free-form objects, and for values that are checked where they are used. */
export const anything: Check = () => {};

export const boolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw wrongTypeError(name, value, 'true or false');
};

export const text: Check = (value, name) => {
  if (typeof value !== 'string') throw wrongTypeError(name, value, 'a string');
};

/** A name or an address: two that differ only in the half of a surrogate pair would be the same to etcd. */
export const wellFormedText: Check = (value, name) => {
  text(value, name);
  if (hasLoneSurrogate(value as string))
    throw new InvalidInputError(`${name} ${formatValue(value)} ${loneSurrogateText}`);
};

export const callback: Check = (value, name) => {
  if (typeof value !== 'function') throw wrongTypeError(name, value, 'a function');
};

/** Checks the shape: a signal of another realm is not an instance of this realm's AbortSignal. */
export const signal: Check = (value, name) => {
  const { aborted, addEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  if (
    typeof aborted !== 'boolean' ||
    typeof addEventListener !== 'function' ||
    typeof throwIfAborted !== 'function'
  )
    throw wrongTypeError(name, value, 'an AbortSignal');
};

/** Inclusive bounds of a number. */
export interface NumberBounds {
  /** Default 0. */
  readonly min?: number;
  /** Default: no upper bound, so that `Infinity` is accepted; for a whole number, 2^53 - 1. */
  readonly max?: number;
}

export function number({ min = 0, max = Number.POSITIVE_INFINITY }: NumberBounds = {}): Check {
  return (value, name) => {
    const expected = `a number of at least ${min}`;
    if (typeof value !== 'number') throw wrongTypeError(name, value, expected);
    if (!(value >= min)) throw wrongValueError(name, value, expected);
    if (value > max) throw wrongValueError(name, value, `at most ${max}`);
  };
}

export function wholeNumber({ min = 0, max = Number.MAX_SAFE_INTEGER }: NumberBounds = {}): Check {
  return (value, name) => {
    const expected =
      max === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${min}`
        : `a whole number from ${min} to ${max}`;
    if (typeof value !== 'number') throw wrongTypeError(name, value, expected);
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw wrongValueError(name, value, expected);
  };
}

/**
 * A lease's time to live, in seconds. The upper bound is etcd's.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/lease/lessor.go#L40
 */
export const ttl: Check = wholeNumber({ min: 1, max: 9_000_000_000 });

/** Inclusive bounds of a duration, in milliseconds. */
export interface DurationBounds {
  /** Default 0. */
  readonly min?: number;
  /** Default {@link longestTimerMs}. */
  readonly max?: number;
  /** Whether `Infinity` is accepted as well, for "without end". Default false. */
  readonly allowInfinity?: boolean;
}

/** A number of milliseconds. By default it must not exceed the longest delay of a timer. */
export function duration(bounds: DurationBounds = {}): Check {
  const { min = 0, max = longestTimerMs, allowInfinity = false } = bounds;
  const expected = `a number of at least ${min}`;
  const limit = `at most ${max}${max === longestTimerMs ? ' (24.8 days)' : ''}${allowInfinity ? ', or Infinity' : ''}`;
  return (value, name) => {
    if (typeof value !== 'number') throw wrongTypeError(name, value, `${expected}, in milliseconds`);
    if (!(value >= min)) throw wrongValueError(name, value, expected);
    if (value > max && !(allowInfinity && value === Number.POSITIVE_INFINITY))
      throw wrongValueError(name, value, limit);
  };
}

/** A timeout in milliseconds; `Infinity` waits without end. */
export const timeout: Check = duration({ max: Number.MAX_SAFE_INTEGER, allowInfinity: true });

/** The checks of the options that every waiting call has. */
export const waitChecks = { signal, timeoutMs: timeout };

/** A revision, lease id or other 64-bit number: a bigint of at least `min`. */
export function int64(min: bigint): Check {
  return (value, name) => checkInt64(name, value as bigint, min);
}

/** An array whose items all pass the check. */
export function listOf(check: Check): Check {
  return (value, name) => {
    if (!Array.isArray(value)) throw wrongTypeError(name, value, 'an array');
    for (const [index, item] of value.entries()) check(item, `${name}[${index}]`);
  };
}

/** An object that has these methods, and may have any other members. */
export function objectWithMethods(...names: readonly string[]): Check {
  return (value, name) => {
    if (typeof value !== 'object' && typeof value !== 'function')
      throw wrongTypeError(
        name,
        value,
        `an object with ${names.map((method) => `${method}()`).join(' and ')}`,
      );
    for (const method of names)
      callback((value as Record<string, unknown> | null)?.[method], `${name}.${method}`);
  };
}

export function oneOf(...allowed: readonly unknown[]): Check {
  return (value, name) => {
    if (!allowed.includes(value))
      throw wrongValueError(name, value, `one of ${allowed.map(formatValue).join(', ')}`);
  };
}
