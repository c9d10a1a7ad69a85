import type { Sort } from '../url/index.js';
import type { FieldSet, FieldValue } from './field-set.js';

/**
 * Compares items by a field: numbers before texts, and what has no such field last in both directions. Undefined without
 * a choice: the order is then that of the keys.
 */
export function compareBy<T>(sort: Sort | undefined, fields: FieldSet<T>): (a: T, b: T) => number {
  if (!sort) return () => 0;
  const sign = sort.descending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [fields.values(a, sort.field)[0], fields.values(b, sort.field)[0]];
    if (isAbsent(x) || isAbsent(y)) return Number(isAbsent(x)) - Number(isAbsent(y));
    return sign * compareValues(x, y);
  };
}

function isAbsent(value: FieldValue | undefined): value is undefined | null {
  return value === undefined || value === null;
}

function compareValues(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== typeof b)
    return typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : compareTexts(a, b);
  return compareTexts(a, b);
}

function compareTexts(a: string | number | boolean, b: string | number | boolean): number {
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
