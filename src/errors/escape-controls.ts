import { lazyPattern } from './lazy-pattern.js';

/**
 * Control characters, format characters such as U+202E, lone surrogates, unassigned code points, line and paragraph
 * separators, and characters that are invisible by default.
 */
const unprintable = lazyPattern('[\\p{C}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]', 'gu');

/**
 * Makes text from outside safe for a terminal and for one line of a log. Characters that control a terminal, end the
 * line, or make one text look like another are written as escapes (`\x1b`, `\u202e`, `\u{e0001}`). A byte of a key that
 * is not UTF-8, which `keyText` maps to a lone surrogate, becomes `\xff`. Backslashes are not escaped, because the
 * output is read by people. Format `json` takes JSON on one line and returns JSON of the same value.
 */
export function escapeControls(text: string, format: 'text' | 'json' = 'text'): string {
  return text.replace(unprintable(), format === 'json' ? jsonEscape : textEscape);
}

function textEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isEscapedByte = code >= 0xdc80 && code <= 0xdcff;
  // Two digits stand for one byte. U+0080 to U+009F take two bytes in UTF-8, so they get four digits.
  if (code < 0x80 || isEscapedByte) return `\\x${hex(code & 0xff, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

/** JSON escapes UTF-16 code units, so a character above U+FFFF needs two escapes. */
function jsonEscape(char: string): string {
  return Array.from({ length: char.length }, (_, i) => `\\u${hex(char.charCodeAt(i), 4)}`).join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
