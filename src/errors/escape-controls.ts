/**
 * Controls, format characters such as U+202E, halves of surrogate pairs, what Unicode has not assigned, other line
 * separators, and characters without a shape of their own.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const eachUnprintable = new RegExp(unprintable, 'gu');

/**
 * Text of others, fit for a terminal or a line of a log: whatever could steer a terminal, end the line, or make one
 * text look like another is written as an escape (`\x1b`, `\u202e`, `\u{e0001}`). A byte of a key that is not UTF-8,
 * as `keyText` has it, becomes `\xff`. Backslashes are left alone: it is for people. With `json` for a text that is
 * JSON, on one line: it stays JSON of the same value, with `\u202e` and the like.
 */
export function escapeControls(text: string, format: 'text' | 'json' = 'text'): string {
  if (!unprintable.test(text)) return text;
  return text.replace(eachUnprintable, format === 'json' ? jsonEscape : textEscape);
}

function textEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isEscapedByte = code >= 0xdc80 && code <= 0xdcff;
  // Two digits are a byte: U+0080 to U+009F have two in UTF-8, and need four here.
  if (code < 0x80 || isEscapedByte) return `\\x${hex(code & 0xff, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

/** JSON escapes UTF-16, so two of them make a character beyond U+FFFF. */
function jsonEscape(char: string): string {
  return Array.from({ length: char.length }, (_, i) => `\\u${hex(char.charCodeAt(i), 4)}`).join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
