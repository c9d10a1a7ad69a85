/**
 * Values that arrive over time: an iterator that is its own iterable, for one reader. `for await` reads it, and leaving
 * the loop ends it, as `return()` does. (`AsyncIterableIterator` with a type of the returned value needs TypeScript 5.6.)
 */
export interface AsyncStream<T> extends AsyncIterator<T, undefined> {
  /** Returns the stream. */
  [Symbol.asyncIterator](): this;
}
