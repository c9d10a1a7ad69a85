import fc from 'fast-check';

/** Control, invisible, bidirectional, wide and zero-width characters, line ends, and unpaired surrogates. */
const hostile = [
  ...['\x00', '\x07', '\b', '\t', '\n', '\r', '\x1b', '\x7f', '\x85', '\x9b', '\x9d'],
  ...['\u00ad', '\u061c', '\u200b', '\u200d', '\u200e', '\u202a', '\u202e', '\u2028', '\u2029', '\u2060'],
  ...[
    '\u2066',
    '\u2069',
    '\u3164',
    '\ufe0f',
    '\ufeff',
    '\ufff9',
    '\u{e0001}',
    '\u{e0100}',
    '\udcff',
    '\ud800',
  ],
  ...['\x1b[2J', '\x1b]0;title\x07', '\x1b[?25l', '\x9b31m', '東', '😀', 'é', '{', '}', '"', '\\', '/', ' '],
];

/** Arbitrary text that consists mostly of such characters. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...hostile), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

const visible = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** Whether the text consists of visible characters, spaces, and `allowed` characters. */
export function isPrintable(text: string, allowed = ''): boolean {
  return visible.test([...text].filter((char) => !allowed.includes(char)).join(''));
}
