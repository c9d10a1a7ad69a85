import { sortSteps } from './sort-steps.js';

/** What items are sorted by. */
export type SortValue = string | number | boolean | null | undefined;

/** Which items a list contains, and in which order. */
export interface Ordering<T> {
  matches(item: T): boolean;
  sortValue(item: T): SortValue;
  /** Items whose values compare as equal are ordered by key. */
  compare(a: SortValue, b: SortValue): number;
}

/** An item with what it is compared by. */
interface Entry<T> {
  readonly item: T;
  readonly key: string;
  readonly value: SortValue;
}

/** Items by key, filtered and sorted. A change costs a binary search and the move of the items behind it. */
export class SortedList<T> {
  readonly #keyOf: (item: T) => string;
  readonly #ordering: Ordering<T>;
  #items: T[] = [];
  #byKey = new Map<string, T>();

  constructor(keyOf: (item: T) => string, ordering: Ordering<T>) {
    this.#keyOf = keyOf;
    this.#ordering = ordering;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Replaces all items with those of `items`, which match. Each step is short; the items are those before until the end. */
  *fill(items: readonly T[]): Generator<void, void> {
    const entries: Entry<T>[] = [];
    for (const item of items) {
      entries.push(this.#entry(item));
      yield;
    }
    const sorted = yield* sortSteps(entries, (a, b) => this.#compare(a, b));
    this.#items = sorted.map(({ item }) => item);
    this.#byKey = new Map(sorted.map(({ key, item }) => [key, item]));
  }

  set(item: T): void {
    const key = this.#keyOf(item);
    const before = this.#byKey.get(key);
    const matches = this.#ordering.matches(item);
    if (before !== undefined && matches && this.#compare(this.#entry(before), this.#entry(item)) === 0) {
      this.#items[this.#position(before)] = item;
      this.#byKey.set(key, item);
      return;
    }
    this.delete(key);
    if (matches) this.#insert(key, item);
  }

  delete(key: string): void {
    const before = this.#byKey.get(key);
    if (before === undefined) return;
    this.#items.splice(this.#position(before), 1);
    this.#byKey.delete(key);
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  /** The index of the item with the key; -1 if it is not in the list. */
  indexOf(key: string): number {
    const item = this.#byKey.get(key);
    return item === undefined ? -1 : this.#position(item);
  }

  #insert(key: string, item: T): void {
    this.#items.splice(this.#position(item), 0, item);
    this.#byKey.set(key, item);
  }

  /** Where the item is, or would be. */
  #position(item: T): number {
    const wanted = this.#entry(item);
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#items[middle];
      if (other !== undefined && this.#compare(this.#entry(other), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #entry(item: T): Entry<T> {
    return { item, key: this.#keyOf(item), value: this.#ordering.sortValue(item) };
  }

  #compare(a: Entry<T>, b: Entry<T>): number {
    const order = this.#ordering.compare(a.value, b.value);
    if (order !== 0) return order;
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  }
}
