import { type Clock, ExpiringCache, systemClock } from '../../../internal.js';

interface RecentResult<T> {
  readonly knownAt: number;
  readonly value: T;
}

/** Results that many pages ask for at once: each is loaded once, and used for a short time. */
export class SharedResults<T> {
  readonly #clock: Clock;
  readonly #recent: ExpiringCache<RecentResult<T>>;
  readonly #loading = new Map<string, Promise<T>>();

  /** @param limits the largest age of a result, from the time at which it was loaded, and their number. */
  constructor(limits: { readonly maxAgeMs: number; readonly maxCount: number }, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#recent = new ExpiringCache(clock, limits);
  }

  /** Rejects with whatever `load` throws; a later call loads it again. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    const recent = this.#recent.get(key);
    if (recent) return Promise.resolve(recent.value);
    const loading = this.#loading.get(key) ?? this.#load(key, load);
    this.#loading.set(key, loading);
    return loading;
  }

  async #load(key: string, load: () => Promise<T>): Promise<T> {
    try {
      const value = await load();
      this.#recent.put(key, { knownAt: this.#clock.now(), value });
      return value;
    } finally {
      this.#loading.delete(key);
    }
  }
}
