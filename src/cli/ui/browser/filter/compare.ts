import type { Sort } from '../url/index.js';
import { type FieldSet, type FieldValue, isField } from './field-set.js';

type SortValue = FieldValue | undefined;

/** How a list is sorted: the value of each item, and the order of values. */
export interface FieldOrder<T> {
  sortValue(item: T): SortValue;
  compare(a: SortValue, b: SortValue): number;
}

/**
 * Sorts by a field: numbers before texts, and what has no such field last in both directions. Without a choice, all items
 * compare as equal.
 */
export function orderBy<T>(sort: Sort | undefined, fields: FieldSet<T>): FieldOrder<T> {
  const sign = sort?.descending ? -1 : 1;
  return {
    sortValue: (item) => (sort ? fields.values(item, sort.field)[0] : undefined),
    compare: (a, b) => {
      if (isAbsent(a) || isAbsent(b)) return Number(isAbsent(a)) - Number(isAbsent(b));
      return sign * compareValues(a, b);
    },
  };
}

/** What the user should know about the order, in sentences. */
export function sortHints<T>(sort: Sort | undefined, fields: FieldSet<T>): readonly string[] {
  return sort && !isField(sort.field, fields)
    ? [`“${sort.field}” is not a field here: nothing is sorted.`]
    : [];
}

function isAbsent(value: SortValue): value is undefined | null {
  return value === undefined || value === null;
}

function compareValues(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? -1 : 1;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
