/** A part of a filter between spaces. */
export interface Token {
  readonly negated: boolean;
  /** The text with the quotes removed. */
  readonly text: string;
  /** The text with `"` for each character that was in quotes: an operator in quotes is text. */
  readonly syntax: string;
}

const token = /(-?)((?:[^\s"]|"(?:\\"|[^"])*"?)+)/g;
const segment = /"((?:\\"|[^"])*)("?)|[^"]+/g;

/** Splits a filter at spaces that are not in quotes. In quotes, `\"` is a quote. */
export function tokens(text: string, hints: string[]): Token[] {
  return [...text.matchAll(token)].map(([, minus = '', raw = '']) => ({
    negated: minus === '-',
    ...unquote(raw, hints),
  }));
}

function unquote(raw: string, hints: string[]): Pick<Token, 'text' | 'syntax'> {
  let [text, syntax] = ['', ''];
  for (const [plain, quoted, end] of raw.matchAll(segment)) {
    const part = quoted?.replaceAll('\\"', '"') ?? plain;
    if (end === '') hints.push('A quote is not closed.');
    text += part;
    syntax += quoted === undefined ? part : '"'.repeat(part.length);
  }
  return { text, syntax };
}
