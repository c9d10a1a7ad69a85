import { comparison } from './comparison.js';
import { type FieldSet, type FieldValue, readsMetadata } from './field-set.js';
import { matchesGlob } from './glob.js';
import { type Operator, parseFilter, type Term } from './parse-filter.js';

/** A filter that can be evaluated. */
export interface Filter<T> {
  readonly hints: readonly string[];
  /** Whether it reads the metadata, which an item may lack because of their size. */
  readonly readsMetadata: boolean;
  matches(item: T): boolean;
}

/**
 * Compiles a filter for items with these fields.
 *
 * - A word must occur in the item's text; `*` in it stands for any text.
 * - `field:value` must occur in one of the field's values, or match it as a whole if it contains `*`; `~` is the same.
 * - `=` and `!=` compare whole values with regard to case; a value with `*` is a pattern.
 * - `<`, `>`, `<=` and `>=` compare numbers, and texts in natural order; see {@link comparison}.
 */
export function compileFilter<T>(text: string, fields: FieldSet<T>): Filter<T> {
  const { terms, hints } = parseFilter(text, fields);
  const tests = terms.map((term) => compileTerm(term, fields));
  return {
    hints,
    readsMetadata: fields.metadata !== undefined && terms.some(({ field }) => !field || readsMetadata(field)),
    matches: (item) => tests.every((test) => test(item)),
  };
}

function compileTerm<T>(term: Term<T>, fields: FieldSet<T>): (item: T) => boolean {
  const { field, negated } = term;
  if (field === undefined) return compileWord(term, fields);
  const test = compileTest(term.operator, term.value);
  const isNegated = negated !== (term.operator === '!=');
  return (item) => field.values(item).some(test) !== isNegated;
}

function compileWord<T>({ value, negated }: Term<T>, fields: FieldSet<T>): (item: T) => boolean {
  const wanted = value.toLowerCase();
  const pattern = `*${wanted}*`;
  const test = wanted.includes('*')
    ? (text: string) => matchesGlob(text, pattern)
    : (text: string) => text.includes(wanted);
  return (item) => test(fields.searchText(item)) !== negated;
}

function compileTest(operator: Operator, wanted: string): (value: FieldValue) => boolean {
  switch (operator) {
    case ':':
    case '~':
      return containment(wanted.toLowerCase());
    case '=':
    case '!=':
      return (value) => matchesGlob(String(value), wanted);
    case '<':
      return comparison(wanted, (order) => order < 0);
    case '>':
      return comparison(wanted, (order) => order > 0);
    case '<=':
      return comparison(wanted, (order) => order <= 0);
    case '>=':
      return comparison(wanted, (order) => order >= 0);
  }
}

function containment(wanted: string): (value: FieldValue) => boolean {
  if (wanted.includes('*')) return (value) => matchesGlob(String(value).toLowerCase(), wanted);
  return (value) => String(value).toLowerCase().includes(wanted);
}
