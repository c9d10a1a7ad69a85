/** JSON of a value on one line; a bigint is a plain number, as Go's `int64` reads it. */
export function toGoJson(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${MARK}${part}` : part,
  );
  return text.replace(MARKED, '$1');
}

// JSON escapes U+0000, so no text of the history has the escaped form unless it contains U+0000 itself.
const MARK = '\u0000int64:';
const MARKED = /"\\u0000int64:(-?\d+)"/g;
