/** Which items a list contains, and in which order. */
export interface Ordering<T> {
  matches(item: T): boolean;
  /** Items that compare as equal are ordered by key. */
  compare(a: T, b: T): number;
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

  /** Replaces all items with those of `items` that match, which the caller has checked. */
  fill(items: readonly T[]): void {
    this.#items = items.toSorted((a, b) => this.#compare(a, b));
    this.#byKey = new Map(items.map((item) => [this.#keyOf(item), item]));
  }

  set(item: T): void {
    const key = this.#keyOf(item);
    const before = this.#byKey.get(key);
    const matches = this.#ordering.matches(item);
    if (before !== undefined && matches && this.#compare(before, item) === 0) {
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
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#items[middle];
      if (other !== undefined && this.#compare(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(a: T, b: T): number {
    const order = this.#ordering.compare(a, b);
    if (order !== 0) return order;
    const [keyA, keyB] = [this.#keyOf(a), this.#keyOf(b)];
    return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
  }
}
