/** Says how many records are not in the lists, because the stream does not have their long keys. */
export function omittedHints(count: number): readonly string[] {
  if (count === 0) return [];
  const subject = count === 1 ? '1 record with a key' : `${count} records with keys`;
  return [`${subject} longer than 4 kB ${count === 1 ? 'is' : 'are'} not shown.`];
}
