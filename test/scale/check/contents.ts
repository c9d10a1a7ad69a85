import { createHash } from 'node:crypto';

/** An entry of a service: what the store has, or what a view shows. */
export interface Entry {
  readonly key: string;
  readonly modRevision: bigint;
  readonly addr: string;
}

/** A line for each entry, in the order of keys. Equal lists of lines are equal services. */
export function linesOf(entries: Iterable<Entry>): string[] {
  return Array.from(entries, ({ key, modRevision, addr }) => `${key} ${modRevision} ${addr}`).sort();
}

/** A short text that is equal for equal lines. */
export const digestOf = (lines: readonly string[]): string =>
  createHash('sha1').update(lines.join('\n')).digest('base64');

/** How what is shown differs from what is stored; undefined if it does not. `who` begins the text. */
export function difference(
  who: string,
  stored: readonly string[],
  shown: readonly string[],
): string | undefined {
  const missing = notIn(shown, stored);
  const extra = notIn(stored, shown);
  if (missing.length === 0 && extra.length === 0 && stored.length === shown.length) return undefined;
  const examples = [
    ...missing.slice(0, 2).map((line) => `-${line}`),
    ...extra.slice(0, 2).map((line) => `+${line}`),
  ];
  return `${who}: ${missing.length} entries of the store are missing, ${extra.length} are not in it, ${shown.length} shown: ${examples.join(', ')}`;
}

function notIn(lines: readonly string[], of: readonly string[]): string[] {
  const known = new Set(lines);
  return of.filter((line) => !known.has(line));
}
