/** An item that takes turns in proportion to its weight. */
export interface Weighted {
  /** The number of turns relative to other items; above 0. Read at every turn, so it may change over time. */
  weight(): number;
}

interface Entry<T> {
  readonly item: T;
  /** The virtual time of the item's next turn. */
  deadline: number;
  /** The position in the heap. */
  index: number;
  /** The weight that `deadline` was computed from. */
  weight: number;
}

/** Virtual time restarts at 0 above this value. At much larger values, rounding would lose a step of 1/10,000. */
const maxVirtualTime = 1e9;

/**
 * Schedules weighted turns, earliest deadline first. The turns of each item are spread evenly among those of the
 * others: weights 3 and 1 give a, a, b, a and not a, a, a, b. A turn, an addition and a removal cost O(log n). Adding
 * or removing an item leaves the order of the others unchanged.
 */
export class EdfScheduler<T extends Weighted> {
  readonly #random: () => number;
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();
  /** The deadline of the last turn. */
  #virtualTime = 0;
  /** Whether no turn has been taken yet. */
  #isFirstTurn = true;

  /** `random` returns a number in [0, 1); with it, the processes of a fleet start with different endpoints. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Adds an item. Its first turn is random within one round: immediate turns of a hundred new items would be a burst. */
  add(item: T): void {
    if (this.#entries.has(item)) return;
    const weight = item.weight();
    const entry = {
      item,
      deadline: this.#virtualTime + this.#random() / weight,
      index: this.#heap.length,
      weight,
    };
    this.#entries.set(item, entry);
    this.#heap.push(entry);
    this.#siftUp(entry);
  }

  remove(item: T): void {
    const entry = this.#entries.get(item);
    if (!entry) return;
    this.#entries.delete(item);
    const last = this.#heap.pop();
    this.#isFirstTurn ||= this.#heap.length === 0;
    if (!last || last === entry) return;
    this.#place(last, entry.index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  /** Applies a changed weight: scales the remaining wait, which is long for an item whose weight was tiny. */
  updateWeight(item: T): void {
    const entry = this.#entries.get(item);
    if (!entry) return;
    const weight = item.weight();
    entry.deadline = this.#virtualTime + ((entry.deadline - this.#virtualTime) * entry.weight) / weight;
    entry.weight = weight;
    this.#siftUp(entry);
    this.#siftDown(entry);
  }

  /** Returns the item whose turn it is; undefined when there are no items. */
  next(): T | undefined {
    if (this.#isFirstTurn) this.#drawFirst();
    const entry = this.#heap[0];
    if (!entry) return undefined;
    this.#virtualTime = entry.deadline;
    if (this.#virtualTime > maxVirtualTime) this.#rebase();
    entry.weight = entry.item.weight();
    entry.deadline += 1 / entry.weight;
    this.#siftDown(entry);
    return entry.item;
  }

  /**
   * Draws the first item by weight. The random first deadlines, each within a round of its item, would favour heavy
   * items (five in six instead of three in four at weights 3 and 1), and many a channel lives for a single call. The
   * other deadlines stay as they are, so the turns that follow have the same odds.
   */
  #drawFirst(): void {
    this.#isFirstTurn = false;
    let left = this.#random() * this.#heap.reduce((sum, { weight }) => sum + weight, 0);
    const first = this.#heap.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (!first) return;
    first.deadline = this.#virtualTime;
    this.#siftUp(first);
  }

  #rebase(): void {
    for (const entry of this.#heap) entry.deadline -= this.#virtualTime;
    this.#virtualTime = 0;
  }

  #siftUp(entry: Entry<T>): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (!parent || parent.deadline <= entry.deadline) return;
      this.#swap(parent, entry);
    }
  }

  #siftDown(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const earlier = right && left && right.deadline < left.deadline ? right : left;
      if (!earlier || earlier.deadline >= entry.deadline) return;
      this.#swap(entry, earlier);
    }
  }

  #swap(parent: Entry<T>, child: Entry<T>): void {
    const { index } = parent;
    this.#place(parent, child.index);
    this.#place(child, index);
  }

  #place(entry: Entry<T>, index: number): void {
    entry.index = index;
    this.#heap[index] = entry;
  }
}
