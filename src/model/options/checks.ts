import { checkInt64 } from '../int64.js';
import { formatValue, wrongTypeError, wrongValueError } from './value-errors.js';

/** Checks the value of one option that is given. @throws {InvalidInputError} naming it, with its value. */
export type Check = (value: unknown, name: string) => void;

/** Node's timers reach no further than this, nearly 25 days; a longer one would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Whatever it is: for free-form objects, and for what is checked where it is used. */
export const anything: Check = () => {};

export const boolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw wrongTypeError(name, value, 'true or false');
};

export const text: Check = (value, name) => {
  if (typeof value !== 'string') throw wrongTypeError(name, value, 'a string');
};

export const callback: Check = (value, name) => {
  if (typeof value !== 'function') throw wrongTypeError(name, value, 'a function');
};

/** By its shape, since signals of another realm are no instance of this one's class. */
export const signal: Check = (value, name) => {
  const { aborted, addEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  if (
    typeof aborted !== 'boolean' ||
    typeof addEventListener !== 'function' ||
    typeof throwIfAborted !== 'function'
  )
    throw wrongTypeError(name, value, 'an AbortSignal');
};

export interface NumberBounds {
  /** Default 0. */
  readonly min?: number;
  /** Default: unbounded, which includes `Infinity`. */
  readonly max?: number;
}

export function number({ min: least = 0, max: most = Number.POSITIVE_INFINITY }: NumberBounds = {}): Check {
  return (value, name) => {
    const expected = `a number of at least ${least}`;
    if (typeof value !== 'number') throw wrongTypeError(name, value, expected);
    if (!(value >= least)) throw wrongValueError(name, value, expected);
    if (value > most) throw wrongValueError(name, value, `at most ${most}`);
  };
}

export function wholeNumber({
  min: least = 0,
  max: most = Number.MAX_SAFE_INTEGER,
}: NumberBounds = {}): Check {
  return (value, name) => {
    const expected =
      most === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${least}`
        : `a whole number from ${least} to ${most}`;
    if (typeof value !== 'number') throw wrongTypeError(name, value, expected);
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw wrongValueError(name, value, expected);
  };
}

/** A lease's time to live, in seconds; the upper bound is etcd's own. */
export const ttl: Check = wholeNumber({ min: 1, max: 9_000_000_000 });

export interface DurationBounds {
  /** Default 0. */
  readonly min?: number;
  /** Default {@link longestTimerMs}. */
  readonly max?: number;
  /** Whether `Infinity` is taken as well, as "without end". Default false. */
  readonly allowInfinity?: boolean;
}

/** Milliseconds; what no timer can wait for is refused. */
export function duration(bounds: DurationBounds = {}): Check {
  const { min: least = 0, max: most = longestTimerMs, allowInfinity: orInfinity = false } = bounds;
  const expected = `a number of at least ${least}`;
  const limit = `at most ${most}${most === longestTimerMs ? ' (24.8 days)' : ''}${orInfinity ? ', or Infinity' : ''}`;
  return (value, name) => {
    if (typeof value !== 'number') throw wrongTypeError(name, value, `${expected}, in milliseconds`);
    if (!(value >= least)) throw wrongValueError(name, value, expected);
    if (value > most && !(orInfinity && value === Number.POSITIVE_INFINITY))
      throw wrongValueError(name, value, limit);
  };
}

/** How long to wait, in milliseconds; `Infinity` waits without end. */
export const timeout: Check = duration({ max: Number.MAX_SAFE_INTEGER, allowInfinity: true });

/** The options of whatever waits. */
export const waitChecks = { signal, timeoutMs: timeout };

/** A revision, lease id or other 64-bit number: a bigint of at least `least`. */
export function int64(least: bigint): Check {
  return (value, name) => checkInt64(name, value as bigint, least);
}

/** An array, each item of which fits. */
export function listOf(check: Check): Check {
  return (value, name) => {
    if (!Array.isArray(value)) throw wrongTypeError(name, value, 'an array');
    for (const [at, item] of value.entries()) check(item, `${name}[${at}]`);
  };
}

/** An object with behaviour, which may have whatever else. */
export function objectWith(...names: readonly string[]): Check {
  return (value, name) => {
    if (typeof value !== 'object' && typeof value !== 'function')
      throw wrongTypeError(name, value, `an object with ${names.map((one) => `${one}()`).join(' and ')}`);
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
