import { createHash } from 'node:crypto';

/** The options of {@link selectSubset}. */
export interface SubsetOptions {
  /** The number of items to select, at least 1. */
  readonly size: number;
  /** Distinguishes this process from others, for instance by host name and process id. */
  readonly seed: string;
}

/**
 * Selects the part of a large service that this process connects to, by rendezvous hashing. Each process ranks the
 * endpoints in its own order, which does not depend on the set of endpoints. An endpoint that leaves therefore affects
 * only its own callers, and all endpoints get about the same number of callers. Items for which `isLast` returns true are
 * selected only when there are not enough others.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A68-random-subsetting.md
 */
export function selectSubset<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  options: SubsetOptions,
  isLast: (item: T) => boolean = () => false,
): T[] {
  if (items.length <= options.size) return [...items];
  const ranked = items.map((item) => ({
    item,
    rank: (isLast(item) ? '1' : '0') + rankOf(options.seed, keyOf(item)),
  }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const chosen = new Set(ranked.slice(0, options.size).map(({ item }) => item));
  return items.filter((item) => chosen.has(item)); // in the original order
}

function rankOf(seed: string, key: string): string {
  return createHash('sha1').update(seed).update('\0').update(key).digest('hex');
}
