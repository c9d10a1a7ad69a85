const left = Symbol('the reader left');

/**
 * An iteration that its reader can leave while it waits for the next item. `return()` of a plain async generator waits
 * for the item that was asked for, which may never come; here it aborts the signal that the work is given, and then
 * both are done. Nothing begins before the first `next()`.
 */
export class CancellableIterator<T> implements AsyncGenerator<T, undefined, undefined> {
  readonly #controller = new AbortController();
  readonly #items: AsyncGenerator<T, undefined, undefined>;

  constructor(iterate: (leaving: AbortSignal) => AsyncGenerator<T, undefined, undefined>) {
    this.#items = iterate(this.#controller.signal);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#unlessCancelled(this.#items.next());
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#controller.abort(left);
    return this.#unlessCancelled(this.#items.return(undefined));
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.#controller.abort(left);
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
      if (error === left) return { done: true, value: undefined };
      throw error;
    }
  }
}
