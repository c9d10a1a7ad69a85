import type { Clock } from '../async/index.js';

export interface CacheLimits {
  readonly maxCount: number;
  readonly maxAgeMs: number;
}

/** What was known at a time of the clock. */
export interface CachedValue {
  readonly knownAt: number;
}

/** The last values of things that are followed no longer, bounded in number and age. The one left longest ago goes first. */
export class ExpiringCache<T extends CachedValue> {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  /** In the order in which they were put. */
  readonly #values = new Map<string, T>();

  constructor(clock: Clock, limits: CacheLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    const value = this.#values.get(key);
    return value && this.#isFresh(value) ? value : undefined;
  }

  /** The value, which is then no longer remembered. */
  take(key: string): T | undefined {
    const value = this.get(key);
    this.#values.delete(key);
    return value;
  }

  put(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [other, { knownAt }] of this.#values) {
      const isOver = this.#values.size > this.#limits.maxCount || !this.#isFresh({ knownAt });
      if (isOver) this.#values.delete(other);
    }
  }

  clear(): void {
    this.#values.clear();
  }

  #isFresh({ knownAt }: CachedValue): boolean {
    return this.#clock.now() - knownAt < this.#limits.maxAgeMs;
  }
}
