/** An item of a {@link DueQueue}. */
export interface DueItem {
  /** When the item is due, on the owner's clock. */
  dueAt: number;
  /** The item's index in the heap; -1 while it is not queued. Written only by the queue. */
  heapIndex: number;
}

/**
 * A binary heap ordered by due time. Each item knows its index, so that moving and removing cost O(log n): one timer
 * serves thousands of leases or waiting calls.
 */
export class DueQueue<T extends DueItem> {
  readonly #heap: T[] = [];

  get first(): T | undefined {
    return this.#heap[0];
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Adds the item, or moves it to its new due time. */
  set(item: T, dueAt: number): void {
    item.dueAt = dueAt;
    if (item.heapIndex < 0) item.heapIndex = this.#heap.push(item) - 1;
    if (!this.#rise(item)) this.#sink(item);
  }

  remove(item: T): void {
    const { heapIndex } = item;
    if (heapIndex < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop();
    if (!last || last === item) return;
    this.#put(last, heapIndex);
    if (!this.#rise(last)) this.#sink(last);
  }

  #rise(item: T): boolean {
    const start = item.heapIndex;
    let { heapIndex } = item;
    while (heapIndex > 0) {
      const parent = this.#heap[(heapIndex - 1) >> 1];
      if (!parent || parent.dueAt <= item.dueAt) break;
      const above = parent.heapIndex;
      this.#put(parent, heapIndex);
      heapIndex = above;
    }
    this.#put(item, heapIndex);
    return heapIndex !== start;
  }

  #sink(item: T): void {
    let { heapIndex } = item;
    for (;;) {
      const left = this.#heap[2 * heapIndex + 1];
      const right = this.#heap[2 * heapIndex + 2];
      const child = right && left && right.dueAt < left.dueAt ? right : left;
      if (!child || child.dueAt >= item.dueAt) break;
      const below = child.heapIndex;
      this.#put(child, heapIndex);
      heapIndex = below;
    }
    this.#put(item, heapIndex);
  }

  #put(item: T, heapIndex: number): void {
    item.heapIndex = heapIndex;
    this.#heap[heapIndex] = item;
  }
}
