/**
 * Controls, format characters such as U+202E, halves of surrogate pairs, what Unicode has not assigned, other line
 * separators, and characters without a shape of their own.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const eachUnprintable = new RegExp(unprintable, 'gu');

/**
 * Text of others, fit for a terminal or a line of a log: whatever could steer a terminal, end the line, or make one
 * text look like another is written as an escape (`\x1b`, `\u202e`, `\u{e0001}`). A byte of a key that is not UTF-8,
 * as `keyText` has it, becomes `\xff`. Idempotent; backslashes are left alone, so it is for people, not for parsers.
 */
export function escapeControls(text: string): string {
  return unprintable.test(text) ? text.replace(eachUnprintable, escapeOf) : text;
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isEscapedByte = code >= 0xdc80 && code <= 0xdcff;
  // Two digits are a byte: U+0080 to U+009F have two in UTF-8, and need four here.
  if (code < 0x80 || isEscapedByte) return `\\x${hex(code & 0xff, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
