/** The error of a second `[Symbol.asyncIterator]()`. `call` names the function that returns another `what`. */
export function secondLoopError(what: string, call: string): TypeError {
  return new TypeError(`${what} can be iterated once; call ${call}() again`);
}

/**
 * An iteration for one loop: `[Symbol.asyncIterator]()` throws the second time, because two loops would share the items,
 * and a later one would find none. The iterator that the first call returns is its own iterable, any number of times.
 */
export class OneLoop<T> implements AsyncGenerator<T, undefined, undefined> {
  readonly #items: AsyncGenerator<T, undefined, undefined>;
  readonly #secondLoop: () => TypeError;
  #begun = false;

  constructor(items: AsyncGenerator<T, undefined, undefined>, secondLoop: () => TypeError) {
    this.#items = items;
    this.#secondLoop = secondLoop;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#items.return(undefined);
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    return this.#items.throw(error);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, undefined, undefined> {
    if (this.#begun) throw this.#secondLoop();
    this.#begun = true;
    return this.#items;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
