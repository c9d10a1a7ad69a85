import type { JsonValue } from '../endpoint.js';

/**
 * The digits of numbers that float64 rounds, such as integers beyond 2^53, by their container and their name or index.
 * Callers get the rounded number, as in Go. When the metadata is written again, such as by a drain, the original digits
 * are written.
 */
const digitsOf = new WeakMap<object, Map<string, string>>();

export function rememberDigits(container: object, name: string, digits: string): void {
  const known = digitsOf.get(container) ?? new Map<string, string>();
  digitsOf.set(container, known.set(name, digits));
}

/** The original digits; undefined if the value is exact or has been changed. */
export function exactDigits(container: object, name: string, value: number): string | undefined {
  const digits = digitsOf.get(container)?.get(name);
  return digits !== undefined && Object.is(Number(digits), value) ? digits : undefined;
}

/** Copies the object with a new value for one name; the digits of other numbers are kept. */
export function withMember(
  object: { readonly [name: string]: JsonValue | undefined },
  name: string,
  value: JsonValue,
): { readonly [name: string]: JsonValue | undefined } {
  const copy = { ...object, [name]: value };
  const digits = digitsOf.get(object);
  if (digits) digitsOf.set(copy, digits);
  return copy;
}

/** Whether encoding the number as JSON gives other digits than those that were read. */
export function isRounded(digits: string, value: number): boolean {
  if (digits.length <= 15 && !/[eE]/.test(digits)) return false; // float64 keeps 15 digits
  return decimal(digits) !== decimal(String(value));
}

/** A canonical text of a number: its digits without leading and trailing zeros, and its exponent. */
function decimal(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = trimZeros(whole + fraction);
  if (digits.text === '') return '0';
  const sign = mantissa.startsWith('-') ? '-' : '';
  return `${sign}${digits.text}e${Number(exponent) - fraction.length + digits.trailing}`;
}

function trimZeros(digits: string): { readonly text: string; readonly trailing: number } {
  let from = 0;
  let to = digits.length;
  while (from < to && digits[from] === '0') from++;
  while (to > from && digits[to - 1] === '0') to--;
  return { text: digits.slice(from, to), trailing: digits.length - to };
}
