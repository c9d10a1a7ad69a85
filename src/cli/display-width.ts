const ascii = /^[\x20-\x7e]*$/;
/** Letters of East Asia, by the blocks that Unicode's annex 11 has as wide, and pictures. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{18d00}-\u{18d8f}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;
/** Marks that stand on the letter before, and the later parts of Korean syllables. */
const zero = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** How many places a terminal gives to a text without controls: two to an East Asian letter or a picture. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += widthOf(char);
  return width;
}

/** More marks on each letter than any language has would make a line without an end. */
const mostUnitsPerPlace = 4;

/** The beginning of a text that fits into so many places; what is cut off is marked by `…`. */
export function cut(text: string, places: number): string {
  if (text.length <= places && ascii.test(text)) return text;
  let [width, end, fits] = [0, 0, 0];
  for (const char of text) {
    width += widthOf(char);
    end += char.length;
    if (width > places || end > mostUnitsPerPlace * places)
      return places > 0 ? `${text.slice(0, fits)}…` : '';
    if (width < places) fits = end;
  }
  return text;
}

function widthOf(char: string): number {
  if (ascii.test(char)) return 1;
  if (zero.test(char)) return 0;
  return wide.test(char) ? 2 : 1;
}
