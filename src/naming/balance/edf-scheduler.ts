/** One that takes turns. */
export interface Weighted {
  /** How often, relative to the others; above 0. Asked anew for each turn, so it may change over time. */
  weight(): number;
}

interface Slot<T> {
  readonly turn: T;
  /** The virtual time of its next turn. */
  deadline: number;
  /** Its place in the heap. */
  at: number;
  /** By which `due` was reckoned. */
  weight: number;
}

/** Virtual time begins anew here: much later, a step of 1/10,000 would be lost in rounding. */
const longestTime = 1e9;

/**
 * Weighted turns, each one's spread evenly among the others' (earliest due first): of weights 3 and 1 it is
 * a, a, b, a and not a, a, a, b. A pick costs O(log n), and so does coming and going, which disturbs nobody else's
 * turns.
 */
export class EdfScheduler<T extends Weighted> {
  readonly #random: () => number;
  readonly #heap: Slot<T>[] = [];
  readonly #slots = new Map<T, Slot<T>>();
  /** Virtual time: the due of the last turn taken. */
  #now = 0;
  /** Nobody had a turn yet. */
  #fresh = true;

  /** `random` gives a number in [0, 1): without chance all processes of a fleet would begin with the same endpoint. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Its first turn comes within one round, by chance: not at once, since that of a hundred newcomers would be a burst. */
  add(turn: T): void {
    if (this.#slots.has(turn)) return;
    const weight = turn.weight();
    const slot = { turn, deadline: this.#now + this.#random() / weight, at: this.#heap.length, weight };
    this.#slots.set(turn, slot);
    this.#heap.push(slot);
    this.#up(slot);
  }

  remove(turn: T): void {
    const slot = this.#slots.get(turn);
    if (!slot) return;
    this.#slots.delete(turn);
    const last = this.#heap.pop();
    this.#fresh ||= this.#heap.length === 0;
    if (!last || last === slot) return;
    this.#place(last, slot.at);
    this.#up(last);
    this.#down(last);
  }

  /** Its weight has changed: what it still has to wait changes with it, lest one that was tiny waits for ages. */
  reweigh(turn: T): void {
    const slot = this.#slots.get(turn);
    if (!slot) return;
    const weight = turn.weight();
    slot.deadline = this.#now + ((slot.deadline - this.#now) * slot.weight) / weight;
    slot.weight = weight;
    this.#up(slot);
    this.#down(slot);
  }

  /** Whose turn it is; undefined when there is nobody. */
  next(): T | undefined {
    if (this.#fresh) this.#drawFirst();
    const slot = this.#heap[0];
    if (!slot) return undefined;
    this.#now = slot.deadline;
    if (this.#now > longestTime) this.#beginAnew();
    slot.weight = slot.turn.weight();
    slot.deadline += 1 / slot.weight;
    this.#down(slot);
    return slot.turn;
  }

  /**
   * The first turn is drawn by weight: of the dues alone, each within a round of its own, the least is that of a heavy
   * one too often (five in six times at weights 3 and 1), and many a channel lives for a single call. With the dues of
   * the others as they are, the turns that follow have the same odds.
   */
  #drawFirst(): void {
    this.#fresh = false;
    let left = this.#random() * this.#heap.reduce((sum, { weight }) => sum + weight, 0);
    const first = this.#heap.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (!first) return;
    first.deadline = this.#now;
    this.#up(first);
  }

  #beginAnew(): void {
    for (const slot of this.#heap) slot.deadline -= this.#now;
    this.#now = 0;
  }

  #up(slot: Slot<T>): void {
    while (slot.at > 0) {
      const above = this.#heap[(slot.at - 1) >> 1];
      if (!above || above.deadline <= slot.deadline) return;
      this.#swap(above, slot);
    }
  }

  #down(slot: Slot<T>): void {
    for (;;) {
      const left = this.#heap[2 * slot.at + 1];
      const right = this.#heap[2 * slot.at + 2];
      const earlier = right && left && right.deadline < left.deadline ? right : left;
      if (!earlier || earlier.deadline >= slot.deadline) return;
      this.#swap(slot, earlier);
    }
  }

  #swap(above: Slot<T>, below: Slot<T>): void {
    const { at } = above;
    this.#place(above, below.at);
    this.#place(below, at);
  }

  #place(slot: Slot<T>, at: number): void {
    slot.at = at;
    this.#heap[at] = slot;
  }
}
