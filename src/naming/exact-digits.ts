import type { JsonValue } from './endpoint.js';

/**
 * The digits of numbers that a float64 rounds, such as integers beyond 2^53, by the list or object that they were read
 * into and their name in it. Callers see the rounded number, as Go's do; whoever writes the metadata again, such as a
 * drain, writes what was there.
 */
const digitsOf = new WeakMap<object, Map<string, string>>();

export function rememberDigits(container: object, name: string, digits: string): void {
  const known = digitsOf.get(container) ?? new Map<string, string>();
  digitsOf.set(container, known.set(name, digits));
}

/** As they were read; undefined where the value says it all, or is another one by now. */
export function exactDigits(container: object, name: string, value: number): string | undefined {
  const digits = digitsOf.get(container)?.get(name);
  return digits !== undefined && Object.is(Number(digits), value) ? digits : undefined;
}

/** A copy of the object with another value for one name. */
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

/** Whether a number's digits are others than those by which JSON writes its value again. */
export function isRounded(digits: string, value: number): boolean {
  if (digits.length <= 15 && !/[eE]/.test(digits)) return false; // float64 keeps 15 digits
  return decimal(digits) !== decimal(String(value));
}

/** The same text for every way to write one number: its digits without the zeros around them, and its exponent. */
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
