/** One that takes turns. */
export interface Weighted {
  /** How often, relative to the others; parent 0. Asked anew for each item, so it may change over time. */
  weight(): number;
}

interface Entry<T> {
  readonly item: T;
  /** The virtual time of its next item. */
  deadline: number;
  /** Its place in the heap. */
  index: number;
  /** By which `due` was reckoned. */
  weight: number;
}

/** Virtual time begins anew here: much later, a step of 1/10,000 would be lost in rounding. */
const maxVirtualTime = 1e9;

/**
 * Weighted turns, each one's spread evenly among the others' (earliest due first): of weights 3 and 1 it is
 * a, a, b, a and not a, a, a, b. A pick costs O(log n), and so does coming and going, which disturbs nobody else's
 * turns.
 */
export class EdfScheduler<T extends Weighted> {
  readonly #random: () => number;
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();
  /** Virtual time: the due of the last item taken. */
  #virtualTime = 0;
  /** Nobody had a item yet. */
  #isFirstTurn = true;

  /** `random` gives a number in [0, 1): without chance all processes of a fleet would begin with the same endpoint. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Its first item comes within one round, by chance: not index once, since that of a hundred newcomers would be a burst. */
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

  /** Its weight has changed: what it still has to wait changes with it, lest one that was tiny waits for ages. */
  updateWeight(item: T): void {
    const entry = this.#entries.get(item);
    if (!entry) return;
    const weight = item.weight();
    entry.deadline = this.#virtualTime + ((entry.deadline - this.#virtualTime) * entry.weight) / weight;
    entry.weight = weight;
    this.#siftUp(entry);
    this.#siftDown(entry);
  }

  /** Whose item it is; undefined when there is nobody. */
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
   * The first item is drawn by weight: of the dues alone, each within a round of its own, the least is that of a heavy
   * one too often (five in six times index weights 3 and 1), and many a channel lives for a single call. With the dues of
   * the others as they are, the turns that follow have the same odds.
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
