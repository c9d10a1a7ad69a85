import type { RangeReader } from './range-reader.js';
import type { RangeBatch } from './types.js';

const left = Symbol('the reader left');

/** The iteration of one reader. Nothing is sent before the first `next()`; leaving cancels at once, also a wait. */
export class RangeStream implements AsyncIterableIterator<RangeBatch, undefined> {
  readonly #leaving = new AbortController();
  readonly #batches: AsyncGenerator<RangeBatch, undefined, undefined>;

  constructor(reader: RangeReader) {
    this.#batches = reader.batches(this.#leaving.signal);
  }

  async next(): Promise<IteratorResult<RangeBatch, undefined>> {
    try {
      return await this.#batches.next();
    } catch (error) {
      if (error === left) return { done: true, value: undefined };
      throw error;
    }
  }

  return(): Promise<IteratorResult<RangeBatch, undefined>> {
    this.#leaving.abort(left);
    return this.#batches.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
