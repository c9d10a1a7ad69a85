const operators = ['!=', '>=', '<=', ':', '=', '>', '<', '~'] as const;

export type Operator = (typeof operators)[number];

/** A condition. All terms of a filter must hold. */
export interface Term {
  readonly negated: boolean;
  /** Undefined for a word that is searched in all of the item. */
  readonly field: string | undefined;
  readonly operator: Operator;
  readonly value: string;
}

export interface ParsedFilter {
  readonly terms: readonly Term[];
  /** What the user should know about the filter, in sentences. */
  readonly hints: readonly string[];
}

/**
 * Parses a filter: words, `field:value`, `field=value` and the other operators, with `-` before a term to negate it and
 * quotes around text with spaces. Every text is a filter: what is not a known field is searched as text.
 */
export function parseFilter(text: string, isField: (name: string) => boolean): ParsedFilter {
  const hints: string[] = [];
  const terms = tokens(text, hints).flatMap((token) => {
    const term = parseTerm(token, isField, hints);
    return term ? [term] : [];
  });
  return { terms, hints };
}

interface Token {
  readonly negated: boolean;
  /** The text with the quotes removed. */
  readonly text: string;
  /** The length of the part before the first quote. An operator in quotes is text. */
  readonly unquoted: number;
}

const tokenPattern = /(-?)((?:[^\s"]|"[^"]*"?)+)/g;

function tokens(text: string, hints: string[]): Token[] {
  if ((text.split('"').length - 1) % 2 === 1) hints.push('A quote is not closed.');
  return [...text.matchAll(tokenPattern)].map(([, minus = '', raw = '']) => {
    const quote = raw.indexOf('"');
    return {
      negated: minus === '-',
      text: raw.replaceAll('"', ''),
      unquoted: quote < 0 ? raw.length : quote,
    };
  });
}

function parseTerm(token: Token, isField: (name: string) => boolean, hints: string[]): Term | undefined {
  const { negated, text } = token;
  const split = splitAtOperator(text.slice(0, token.unquoted));
  if (!split) return text === '' ? undefined : word(token);
  const { name, operator } = split;
  if (!isField(name)) {
    if (/^[a-z][\w-]*$/i.test(name) && operator === ':') hints.push(unknownField(name));
    return word(token);
  }
  const value = text.slice(name.length + operator.length);
  if (value === '') hints.push(`“${name}${operator}” has no value yet.`);
  return value === '' ? undefined : { negated, field: name, operator, value };
}

function word({ negated, text }: Token): Term {
  return { negated, field: undefined, operator: ':', value: text };
}

/** At the first operator; of two that start at the same place, the longer one. */
function splitAtOperator(text: string): { name: string; operator: Operator } | undefined {
  const index = text.search(/[:=<>~]|!=/);
  const operator = operators.find((candidate) => text.startsWith(candidate, index));
  return index > 0 && operator ? { name: text.slice(0, index), operator } : undefined;
}

function unknownField(name: string): string {
  return `“${name}” is not a field here: it is searched as text.`;
}
