/** The end of the range of all keys with a prefix whose last character is ASCII. */
export function prefixEnd(prefix) {
  const end = Buffer.from(prefix);
  end[end.length - 1]++;
  return end;
}
