const cancelled = Symbol('the iteration is cancelled');

/**
 * An async generator whose `return()` works while a `next()` is pending. `return()` of a plain async generator waits
 * for the pending item, which may never come; here it first aborts the signal that `iterate` receives. `iterate` does
 * not start before the first `next()`.
 */
export class CancellableIterator<T> implements AsyncGenerator<T, undefined, undefined> {
  readonly #controller = new AbortController();
  readonly #items: AsyncGenerator<T, undefined, undefined>;

  constructor(iterate: (signal: AbortSignal) => AsyncGenerator<T, undefined, undefined>) {
    this.#items = iterate(this.#controller.signal);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#unlessCancelled(this.#items.next());
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#controller.abort(cancelled);
    return this.#unlessCancelled(this.#items.return(undefined));
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.#controller.abort(cancelled);
    return this.#unlessCancelled(this.#items.throw(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #unlessCancelled(
    result: Promise<IteratorResult<T, undefined>>,
  ): Promise<IteratorResult<T, undefined>> {
    try {
      return await result;
    } catch (error) {
      if (error === cancelled) return { done: true, value: undefined };
      throw error;
    }
  }
}
