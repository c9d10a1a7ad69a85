/** A text that is compared by a number: digits, or such as `1.10.0-rc1`. */
const numeric = /^[-+]?\d+(?:\.\d+)*(?![^\W_])/;

/** Whether a text is a number or begins like a version, so that it can be compared with a number. */
export function isNumeric(text: string): boolean {
  return numeric.test(text);
}

/**
 * The order of texts in which runs of digits count by their value: `node-2` before `node-10`, `1.9.0` before `1.10.0`. It
 * is total, and takes linear time.
 */
export function compareNatural(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (isDigit(a, i) && isDigit(b, j)) {
      const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
      const order = compareDigits(a, i, endA, b, j, endB);
      if (order !== 0) return order;
      [i, j] = [endA, endB];
      continue;
    }
    const order = a.charCodeAt(i++) - b.charCodeAt(j++);
    if (order !== 0) return order;
  }
  return a.length - i - (b.length - j) || compareUnits(a, b);
}

/** The order by UTF-16 units, as `<` has it. */
export function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

function endOfDigits(text: string, from: number): number {
  while (from < text.length && isDigit(text, from)) from++;
  return from;
}

/** Compares runs of digits of any length by value. */
function compareDigits(a: string, i: number, endA: number, b: string, j: number, endB: number): number {
  while (i < endA - 1 && a.charCodeAt(i) === 0x30) i++;
  while (j < endB - 1 && b.charCodeAt(j) === 0x30) j++;
  const order = endA - i - (endB - j);
  for (; order === 0 && i < endA; i++, j++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(j);
    if (difference !== 0) return difference;
  }
  return order;
}
