interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Virtual time: a binary heap of callbacks, ordered by time and then by insertion. */
export class VirtualClock {
  now = 0;
  /** How many callbacks have run. */
  steps = 0;
  readonly #heap: Entry[] = [];
  #order = 0;

  /** Schedules a callback; returns the function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const entry: Entry = { at: this.now + delayMs, order: this.#order++, run };
    this.#push(entry);
    return () => {
      entry.run = undefined;
    };
  }

  /** Runs callbacks up to this time, or until `stop()` returns true. */
  runUntil(at: number, stop: () => boolean): void {
    for (let first = this.#heap[0]; first && first.at <= at; first = this.#heap[0]) {
      this.#pop();
      if (!first.run) continue;
      this.now = first.at;
      this.steps++;
      first.run();
      if (stop()) return;
    }
    this.now = at;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
