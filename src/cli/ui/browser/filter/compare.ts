import type { Sort } from '../url/index.js';
import { type Field, type FieldSet, type FieldValue, fieldNames, findField } from './field-set.js';
import { compareNatural } from './natural.js';

type SortValue = FieldValue | undefined;

/** How a list is sorted: the value of each item, and the order of values. */
export interface FieldOrder<T> {
  sortValue(item: T): SortValue;
  compare(a: SortValue, b: SortValue): number;
}

/**
 * Sorts by a field: numbers before texts, which have the natural order, and what has no such field last in both
 * directions. Without a choice, all items compare as equal.
 */
export function orderBy<T>(sort: Sort | undefined, fields: FieldSet<T>): FieldOrder<T> {
  const field = sortField(sort, fields);
  const sign = sort?.descending ? -1 : 1;
  return {
    sortValue: (item) => field?.values(item)[0],
    compare: (a, b) => {
      if (isAbsent(a) || isAbsent(b)) return Number(isAbsent(a)) - Number(isAbsent(b));
      return sign * compareValues(a, b);
    },
  };
}

/** The field that a list is sorted by; undefined if it is not sorted. */
export function sortField<T>(sort: Sort | undefined, fields: FieldSet<T>): Field<T> | undefined {
  const field = sort && findField(sort.field, fields);
  return field?.unordered === undefined ? field : undefined;
}

/** The sort with the field's own name, of which the user may have written another one. */
export function canonicalSort<T>(sort: Sort | undefined, fields: FieldSet<T>): Sort | undefined {
  const field = sortField(sort, fields);
  return sort && field && { field: field.name, descending: sort.descending };
}

/** What the user should know about the order, in sentences. */
export function sortHints<T>(sort: Sort | undefined, fields: FieldSet<T>): readonly string[] {
  if (!sort) return [];
  const field = findField(sort.field, fields);
  if (field) return field.unordered === undefined ? [] : [`${field.unordered} Nothing is sorted.`];
  return [
    `“${sort.field}” is not a field here: nothing is sorted. Fields: ${fieldNames(fields).join(', ')}.`,
  ];
}

function isAbsent(value: SortValue): value is undefined | null {
  return value === undefined || value === null;
}

function compareValues(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? -1 : 1;
  return compareNatural(String(a), String(b));
}
