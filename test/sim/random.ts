/** mulberry32. All random choices of a schedule derive from one seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  /** An integer, both ends inclusive. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }

  weighted<T>(from: readonly (readonly [weight: number, value: T])[]): T {
    let sum = 0;
    for (const [weight] of from) sum += weight;
    let left = this.next() * sum;
    for (const [weight, value] of from) {
      left -= weight;
      if (left < 0) return value;
    }
    return (from[from.length - 1] as readonly [number, T])[1];
  }
}
