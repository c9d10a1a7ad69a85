/**
 * A queue between a producer that must not wait and one async iteration. Nothing is lost: what was put before the
 * end is taken before the end is seen. No promise is made for an item that is already waiting.
 */
export class AsyncQueue<T> {
  readonly #onTake: ((item: T) => void) | undefined;
  readonly #items: T[] = [];
  #head = 0;
  #end: { readonly error?: unknown } | undefined;
  #waiter: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void } | undefined;

  /** `onTake` is called for each item as it is handed over. */
  constructor(onTake?: (item: T) => void) {
    this.#onTake = onTake;
  }

  /** Items put and not yet taken. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Whether a take waits for the next item. */
  get hasWaiter(): boolean {
    return this.#waiter !== undefined;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  put(item: T): void {
    if (this.#end) return;
    const waiting = this.#waiter;
    if (waiting) {
      this.#waiter = undefined;
      this.#onTake?.(item);
      waiting.resolve({ done: false, value: item });
    } else {
      this.#items.push(item);
    }
  }

  /** Throws away the oldest item that waits. */
  dropOldest(): void {
    if (this.size > 0) this.#shift();
  }

  /** Ends the iteration once everything put so far was taken: with the error, told once, or cleanly. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    const waiting = this.#waiter;
    if (!waiting) return;
    this.#waiter = undefined;
    this.#settleEnd(waiting);
  }

  /** Throws away what waits and ends: the taker left, or is told the reason. */
  discard(reason?: unknown): void {
    this.#items.length = 0;
    this.#head = 0;
    if (reason === undefined) {
      this.#end = {};
      this.#waiter?.resolve({ done: true, value: undefined });
      this.#waiter = undefined;
    } else if (!this.#end) {
      this.end(reason);
    }
  }

  take(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiter)
      return Promise.reject(new Error('one taker at a time: the last next() has not settled'));
    if (this.size > 0) return Promise.resolve({ done: false, value: this.#shift() });
    return new Promise((resolve, reject) => {
      if (this.#end) this.#settleEnd({ resolve, reject });
      else this.#waiter = { resolve, reject };
    });
  }

  #shift(): T {
    const item = this.#items[this.#head++] as T;
    this.#onTake?.(item);
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #settleEnd(waiting: {
    resolve(result: IteratorResult<T, undefined>): void;
    reject(error: unknown): void;
  }): void {
    const error = this.#end?.error;
    this.#end = {};
    if (error === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(error);
  }
}
