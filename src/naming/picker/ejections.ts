import { type Clock, Pacer } from '../../async/index.js';

/** The shortest ejection, in milliseconds. */
const minEjectionMs = 1_000;
/** The random part of an ejection, which grows while an item fails again soon after each ejection. */
const ejectionBackoff = { baseMs: 1_000, maxMs: 30_000 };

/** The items that are avoided because they failed, and until when. */
export class Ejections<T extends object> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: () => number;
  readonly #ejectedUntil = new Map<T, number>();
  readonly #pacers = new WeakMap<T, Pacer>();
  /** When the first ejection ends. */
  #nextEnd = Number.POSITIVE_INFINITY;

  /** @param random Returns a number in [0, 1). */
  constructor(clock: Pick<Clock, 'now'>, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#ejectedUntil.size;
  }

  /** Ejects an item. Returns false if it is ejected already: one lost connection fails many requests, and counts once. */
  eject(item: T): boolean {
    if (this.#ejectedUntil.has(item)) return false;
    const pacer = this.#pacers.get(item) ?? new Pacer(ejectionBackoff, this.#clock, this.#random);
    this.#pacers.set(item, pacer);
    const end = this.#clock.now() + minEjectionMs + pacer.nextDelayMs();
    this.#ejectedUntil.set(item, end);
    this.#nextEnd = Math.min(this.#nextEnd, end);
    return true;
  }

  /** Removes and returns the items whose ejection has ended. */
  takeEnded(): readonly T[] {
    const now = this.#clock.now();
    if (now < this.#nextEnd) return [];
    return this.#take(([, end]) => end <= now);
  }

  /** Ends all ejections. Returns the items. */
  takeAll(): readonly T[] {
    return this.#take(() => true);
  }

  delete(item: T): void {
    this.#ejectedUntil.delete(item);
  }

  #take(isWanted: (entry: readonly [T, number]) => boolean): readonly T[] {
    const taken = [...this.#ejectedUntil].filter(isWanted).map(([item]) => item);
    for (const item of taken) this.#ejectedUntil.delete(item);
    this.#nextEnd = Math.min(...this.#ejectedUntil.values());
    return taken;
  }
}
