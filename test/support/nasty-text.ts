import fc from 'fast-check';

/** What steers terminals, ends lines, hides, or turns text around; and what is wide, or narrow, or half a character. */
const nasty = [
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

/** Arbitrary text in which nearly every character does harm. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...nasty), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

const visible = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** Whether it has nothing but characters that can be seen, spaces, and what is allowed. */
export function isPrintable(text: string, allowed = ''): boolean {
  return visible.test([...text].filter((char) => !allowed.includes(char)).join(''));
}
