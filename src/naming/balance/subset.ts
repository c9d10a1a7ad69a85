import { createHash } from 'node:crypto';

/** The options of a {@link Subset}. */
export interface SubsetOptions {
  /** The number of items to select, at least 1. */
  readonly size: number;
  /** Distinguishes this process from others, for instance by host name and process id. */
  readonly seed: string;
}

/** What a {@link Subset} needs to know of an item. It must not change: an item is ranked once. */
export interface RankedBy<T> {
  readonly keyOf: (item: T) => string;
  /** Whether to select the item only when there are not enough others. */
  readonly isLast: (item: T) => boolean;
}

const hashBytes = 6;
const ranks = 2 ** (8 * hashBytes);

/**
 * Selects the part of a large service that this process connects to, by rendezvous hashing. Each process ranks the
 * endpoints in its own order, which does not depend on the set of endpoints. An endpoint that leaves therefore affects
 * only its own callers, and all endpoints get about the same number of callers.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A68-random-subsetting.md
 */
export class Subset<T extends object> {
  readonly #options: SubsetOptions;
  readonly #by: RankedBy<T>;
  readonly #ranks = new WeakMap<T, number>();

  constructor(options: SubsetOptions, by: RankedBy<T>) {
    this.#options = options;
    this.#by = by;
  }

  /** Returns the selected items in their order. */
  select(items: readonly T[]): T[] {
    const { size } = this.#options;
    if (items.length <= size) return [...items];
    const ranked = new Float64Array(items.length);
    for (const [i, item] of items.entries()) ranked[i] = this.#rankOf(item);
    const sorted = ranked.slice().sort();
    const worst = sorted[size - 1] ?? 0;
    let atWorst = size - sorted.indexOf(worst); // equal hashes are possible, though unlikely
    return items.filter((_, i) => {
      const rank = ranked[i] ?? 0;
      return rank === worst ? atWorst-- > 0 : rank < worst;
    });
  }

  #rankOf(item: T): number {
    const known = this.#ranks.get(item);
    if (known !== undefined) return known;
    const { keyOf, isLast } = this.#by;
    const hash = createHash('sha1').update(this.#options.seed).update('\0').update(keyOf(item)).digest();
    const rank = hash.readUIntBE(0, hashBytes) + (isLast(item) ? ranks : 0);
    this.#ranks.set(item, rank);
    return rank;
  }
}
