interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * A queue between a producer that must not wait and one async iteration. Items put before `end()` are taken before the
 * iteration ends.
 */
export class AsyncQueue<T> {
  readonly #onTake: ((item: T) => void) | undefined;
  /** Made by the first item that waits: a process may have thousands of queues that stay empty. */
  #items: T[] | undefined;
  #head = 0;
  #end: { readonly error?: unknown } | undefined;
  #waiter: Waiter<T> | undefined;

  /** @param onTake Called with each item when it leaves the queue. */
  constructor(onTake?: (item: T) => void) {
    this.#onTake = onTake;
  }

  /** The number of items that were put and not yet taken. */
  get size(): number {
    return this.#items === undefined ? 0 : this.#items.length - this.#head;
  }

  /** Whether a `take()` is pending. */
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
      this.#items ??= [];
      this.#items.push(item);
    }
  }

  /** Takes and returns the oldest item, if there is one. */
  takeNow(): T | undefined {
    return this.#items !== undefined && this.size > 0 ? this.#shift(this.#items) : undefined;
  }

  /**
   * Ends the iteration after the items put so far. With an error, the next `take()` after them rejects with it, once.
   */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    const waiting = this.#waiter;
    if (!waiting) return;
    this.#waiter = undefined;
    this.#settleEnd(waiting);
  }

  /**
   * Drops all items and ends the iteration. A pending or the next `take()` rejects with the reason, if there is one.
   */
  discard(reason?: unknown): void {
    this.#items = undefined;
    this.#head = 0;
    if (reason === undefined) {
      this.#end = {};
      this.#waiter?.resolve({ done: true, value: undefined });
      this.#waiter = undefined;
    } else if (!this.#end) {
      this.end(reason);
    }
  }

  /** Resolves with the next item. Only one `take()` may be pending: a second one rejects. */
  take(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiter)
      return Promise.reject(new Error('only one next() may be pending: the previous one has not settled'));
    if (this.#items !== undefined && this.size > 0)
      return Promise.resolve({ done: false, value: this.#shift(this.#items) });
    return new Promise((resolve, reject) => {
      if (this.#end) this.#settleEnd({ resolve, reject });
      else this.#waiter = { resolve, reject };
    });
  }

  #shift(items: T[]): T {
    const item = items[this.#head++] as T;
    this.#onTake?.(item);
    if (this.#head === items.length) {
      items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024) {
      items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #settleEnd(waiting: Waiter<T>): void {
    const error = this.#end?.error;
    this.#end = {};
    if (error === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(error);
  }
}
