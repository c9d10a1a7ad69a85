/**
 * Text fit for a terminal. Keys and metadata are anybody's: an escape sequence in them must not move the cursor, and a
 * right-to-left override must not make one address look like another. A byte of a key that is not UTF-8 is shown as
 * `\xff`: a terminal gets UTF-8, in which all of them would look alike.
 */
export function plain(text: string, allowed = ''): string {
  return text.replace(/[\p{Cc}\p{Surrogate}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (char) =>
    allowed.includes(char) ? char : escaped(char),
  );
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isEscapedByte = code >= 0xdc80 && code <= 0xdcff;
  // Two digits are a byte: U+0080 to U+009F have two in UTF-8, and need four here.
  return code < 0x80 || isEscapedByte ? `\\x${hex(code & 0xff, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

/** Rows in columns as wide as their widest cell, two spaces apart, made fit for a terminal. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => plain(cell)));
  const widths: number[] = [];
  for (const row of cells)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  return cells.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** The beginning of a line that fits into so many places. */
export function cut(line: string, places: number): string {
  const chars = [...line];
  return chars.length <= places ? line : `${chars.slice(0, Math.max(0, places - 1)).join('')}…`;
}

/** `1 endpoint`, `2 endpoints`. */
export function count(number: number | bigint, noun: string): string {
  return `${number} ${noun}${BigInt(number) === 1n ? '' : 's'}`;
}

/** A span as people say it: `0 s`, `59 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function width(text: string): number {
  return [...text].length;
}
