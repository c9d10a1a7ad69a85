/**
 * Values that arrive over time: an iterator and an iterable, for one loop. `for await` reads it, and leaving the loop ends
 * it, as `return()` does. (`AsyncIterableIterator` with a type of the returned value needs TypeScript 5.6.)
 */
export interface AsyncStream<T> extends AsyncIterator<T, undefined> {
  /** Returns the iterator of the one loop over the stream. @throws {TypeError} the second time. */
  [Symbol.asyncIterator](): AsyncStream<T>;
}
