import { createHash } from 'node:crypto';

/** Which endpoints one process of many uses. */
export interface SubsetOptions {
  /** How many of them, at least 1. */
  readonly size: number;
  /** What sets this process apart from the others, such as its host and process id. */
  readonly seed: string;
}

/**
 * The part of a large service that this process connects to, by rendezvous hashing: every process ranks the endpoints
 * in an order of its own, which the coming and going of others does not change. So an endpoint that goes moves only
 * its own callers, and all endpoints get about as many. `isLast`: only where there are not enough others.
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
  return items.filter((item) => chosen.has(item)); // in the order they came
}

function rankOf(seed: string, key: string): string {
  return createHash('sha1').update(seed).update('\0').update(key).digest('hex');
}
