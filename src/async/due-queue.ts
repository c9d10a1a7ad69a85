/** Something that is to be looked at, at `dueAt`. */
export interface Due {
  dueAt: number;
  /** Where it stands in the queue; -1 when it is not there. For the queue alone to write. */
  place: number;
}

/** A binary heap by due time that knows each one's place: thousands of leases or waiting calls, one timer. */
export class DueQueue<T extends Due> {
  readonly #heap: T[] = [];

  get first(): T | undefined {
    return this.#heap[0];
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Puts it in, or moves it to its new time. */
  set(item: T, dueAt: number): void {
    item.dueAt = dueAt;
    if (item.place < 0) item.place = this.#heap.push(item) - 1;
    if (!this.#rise(item)) this.#sink(item);
  }

  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop();
    if (!last || last === item) return;
    this.#put(last, place);
    if (!this.#rise(last)) this.#sink(last);
  }

  #rise(item: T): boolean {
    const start = item.place;
    let { place } = item;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1];
      if (!parent || parent.dueAt <= item.dueAt) break;
      const above = parent.place;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
    return place !== start;
  }

  #sink(item: T): void {
    let { place } = item;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const child = right && left && right.dueAt < left.dueAt ? right : left;
      if (!child || child.dueAt >= item.dueAt) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    item.place = place;
    this.#heap[place] = item;
  }
}
