import { type Field, type FieldSet, fieldNames, findField } from './field-set.js';
import { type Token, tokens } from './tokens.js';

const operators = ['!=', '>=', '<=', ':', '=', '>', '<', '~'] as const;

export type Operator = (typeof operators)[number];

/** A condition. All terms of a filter must hold. */
export interface Term<T> {
  readonly negated: boolean;
  /** Undefined for a word that is searched in all of the item. */
  readonly field: Field<T> | undefined;
  readonly operator: Operator;
  readonly value: string;
}

export interface ParsedFilter<T> {
  readonly terms: readonly Term<T>[];
  /** What the user should know about the filter, in sentences. */
  readonly hints: readonly string[];
}

/**
 * Parses a filter: words, `field:value`, `field=value` and the other operators, with `-` before a term to negate it and
 * quotes around text with spaces. Every text is a filter: what is not a known field is searched as text.
 */
export function parseFilter<T>(text: string, fields: FieldSet<T>): ParsedFilter<T> {
  const hints: string[] = [];
  const terms = tokens(text, hints).flatMap((token) => parseTerm(token, fields, hints) ?? []);
  return { terms, hints };
}

function parseTerm<T>(token: Token, fields: FieldSet<T>, hints: string[]): Term<T> | undefined {
  const split = splitAtOperator(token);
  if (!split) return word(token);
  const field = findField(split.name, fields);
  if (!field) {
    if (/^[a-z][\w.-]*$/i.test(split.name)) hints.push(unknownField(split.name, fields));
    return word(token);
  }
  const hint = unusable(split, field);
  if (hint !== undefined) hints.push(hint);
  return hint === undefined ? { ...split, negated: token.negated, field } : undefined;
}

/** Why a term is ignored; undefined if it can be evaluated. */
function unusable<T>({ name, operator, value }: Split, { unordered }: Field<T>): string | undefined {
  if (value === '') return `“${name}${operator}” has no value yet.`;
  if (unordered === undefined || !/[<>]/.test(operator)) return undefined;
  return `${unordered} “${name}${operator}${value}” is ignored.`;
}

function word<T>({ negated, text }: Token): Term<T> | undefined {
  return text === '' ? undefined : { negated, field: undefined, operator: ':', value: text };
}

interface Split {
  readonly name: string;
  readonly operator: Operator;
  readonly value: string;
}

/** At the first operator that is not in quotes; of two that start at the same place, the longer one. */
function splitAtOperator({ text, syntax }: Token): Split | undefined {
  const index = syntax.search(/[:=<>~]|!=/);
  const operator = operators.find((candidate) => syntax.startsWith(candidate, index));
  if (index <= 0 || operator === undefined) return undefined;
  return { name: text.slice(0, index), operator, value: text.slice(index + operator.length) };
}

function unknownField<T>(name: string, fields: FieldSet<T>): string {
  return `“${name}” is not a field here: it is searched as text. Fields: ${fieldNames(fields).join(', ')}.`;
}
