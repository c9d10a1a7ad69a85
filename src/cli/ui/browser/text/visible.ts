/** As `escapeControls` of the package, which is not part of the page; a unit test compares the two. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const plain = /^[\x20-\x7e]*$/;

/** The longest text that is shown in one place. */
const maxLength = 200;

/**
 * Makes text from etcd safe to show: control, format and invisible characters are written as escapes (`\u202e`), so that
 * one text cannot look like another, and a text of more than `max` UTF-16 units is cut and ends with `…`. What is shown is
 * for reading: keys are compared, and copied, as they are.
 */
export function visible(text: string, max: number = maxLength): string {
  const short = cut(text, max);
  return plain.test(short) ? short : short.replace(unprintable, escapeCharacter);
}

/** Cuts a text between characters. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const splitsPair = /[\ud800-\udbff]/.test(text.charAt(max - 1)) && /[\udc00-\udfff]/.test(text.charAt(max));
  return `${text.slice(0, splitsPair ? max - 1 : max)}…`;
}

/** The same for text of several lines, whose ends and tabs stay. */
export function visibleLines(text: string, max: number): string {
  return cut(text, max).replace(unprintable, (char) =>
    char === '\n' || char === '\t' ? char : escapeCharacter(char),
  );
}

/** A lone surrogate from U+DC80 to U+DCFF stands for a byte of a key that is not UTF-8. */
function escapeCharacter(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isByte = code >= 0xdc80 && code <= 0xdcff;
  if (code < 0x80 || isByte) return `\\x${hex(code & 0xff, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
