import type { FieldValue } from './field-set.js';
import { compareNatural, isNumeric } from './natural.js';

/**
 * Compares values with what a user wrote.
 *
 * - A number is compared with numbers by value, and with texts that begin like a version in natural order: `1.10` is above
 *   `1.9`, as the list is sorted. Other texts do not match.
 * - A text is compared with texts in natural order, and with numbers only if it begins like a version.
 * - true, false and null have no order, and do not match.
 */
export function comparison(
  wanted: string,
  holds: (order: number) => boolean,
): (value: FieldValue) => boolean {
  const number = toNumber(wanted);
  const isVersion = number !== undefined || isNumeric(wanted);
  return (value) => {
    if (typeof value === 'number')
      return number === undefined
        ? isVersion && holds(compareNatural(String(value), wanted))
        : holds(value - number);
    if (typeof value !== 'string' || (number !== undefined && !isNumeric(value))) return false;
    return holds(compareText(value, wanted));
  };
}

/** Texts of integers are compared as numbers, which may have a sign. */
function compareText(text: string, wanted: string): number {
  return integer.test(text) && integer.test(wanted)
    ? Number(text) - Number(wanted)
    : compareNatural(text, wanted);
}

const integer = /^[-+]?\d{1,15}$/;

function toNumber(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? undefined : number;
}
