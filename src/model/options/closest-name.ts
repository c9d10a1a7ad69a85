/** The names that callers write for others, such as those of another library, each with the right ones. */
export type NamesElsewhere = Readonly<Record<string, string | readonly string[]>>;

/**
 * The question that an error about an unknown name ends with: `did you mean 'ls'?`. Undefined if no name is similar.
 * @param show how the error writes a known name. Default: unchanged.
 */
export function didYouMean(
  name: string,
  known: readonly string[],
  elsewhere: NamesElsewhere = {},
  show: (known: string) => string = (known) => known,
): string | undefined {
  const meant = Object.hasOwn(elsewhere, name) ? elsewhere[name] : closestName(name, known);
  if (meant === undefined) return undefined;
  const names = [meant].flat().map((one) => `'${show(one)}'`);
  return `did you mean ${names.join(' and ')}?`;
}

/** The known name with the fewest edits from `name`; undefined when even that name needs too many edits. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const full = candidate.toLowerCase();
    const edits = Math.min(distance(wanted, full), distance(withoutUnit(wanted), withoutUnit(full)));
    if (edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return fewest <= Math.max(2, Math.floor(wanted.length / 3)) && fewest < wanted.length ? best : undefined;
}

/** Callers often leave out the unit: `ttl` for `ttlSeconds`. */
function withoutUnit(name: string): string {
  return name.replace(/(ms|seconds|bytes)$/, '');
}

/** The restricted Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const edited = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(swapped ? Math.min(edited, at(beforeLast, j - 2) + 1) : edited);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
