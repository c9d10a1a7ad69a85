import type { Clock } from '../async/index.js';

/** The limits of an {@link ExpiringCache}. */
export interface CacheLimits {
  /** The largest number of values. */
  readonly maxCount: number;
  /** The largest age of a value in milliseconds, from its `knownAt`. */
  readonly maxAgeMs: number;
}

/** A value with the time at which it was current. */
export interface CachedValue {
  /** The time at which the value was current, in milliseconds of the clock. */
  readonly knownAt: number;
}

/**
 * A cache with a limited size and age, such as for the last views of targets without subscribers. Evicts the entry that
 * was added first.
 */
export class ExpiringCache<T extends CachedValue> {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  /** In insertion order. */
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

  /** Removes and returns the value. */
  take(key: string): T | undefined {
    const value = this.get(key);
    this.#values.delete(key);
    return value;
  }

  put(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [other, { knownAt }] of this.#values) {
      const mustEvict = this.#values.size > this.#limits.maxCount || !this.#isFresh({ knownAt });
      if (mustEvict) this.#values.delete(other);
    }
  }

  clear(): void {
    this.#values.clear();
  }

  #isFresh({ knownAt }: CachedValue): boolean {
    return this.#clock.now() - knownAt < this.#limits.maxAgeMs;
  }
}
