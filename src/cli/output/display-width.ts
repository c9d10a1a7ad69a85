const ascii = /^[\x20-\x7e]*$/;
/** East Asian characters, by the blocks that are wide in Unicode Standard Annex #11, and emoji. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{18d00}-\u{18d8f}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;
/** Combining marks, and the medial and final parts of Korean syllables. */
const zeroWidth = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** The number of terminal columns that a text takes. An East Asian character or emoji takes two. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += widthOf(char);
  return width;
}

/**
 * A limit on UTF-16 units, above what any language needs: combining marks take no column, so width alone is not a limit.
 */
const maxUnitsPerColumn = 4;

/** Cuts a text to a number of terminal columns. A cut text ends with `…`. */
export function truncate(text: string, columns: number): string {
  if (text.length <= columns && ascii.test(text)) return text;
  let [width, end, fits] = [0, 0, 0];
  for (const char of text) {
    width += widthOf(char);
    end += char.length;
    if (width > columns || end > maxUnitsPerColumn * columns)
      return columns > 0 ? `${text.slice(0, fits)}…` : '';
    if (width < columns) fits = end;
  }
  return text;
}

function widthOf(char: string): number {
  if (ascii.test(char)) return 1;
  if (zeroWidth.test(char)) return 0;
  return wide.test(char) ? 2 : 1;
}
