import { AsyncQueue } from './async-queue.js';
import { onAbort } from './signals.js';

export interface SubscriptionOptions {
  /** How many values wait for a slow reader; beyond it the oldest is dropped. */
  readonly maxQueued: number;
  /** Ends the iteration with the signal's reason. */
  readonly signal: AbortSignal | undefined;
}

/** An async iteration over the values of a source that does not wait for its readers. */
export class Subscription<T> implements AsyncGenerator<T, undefined, undefined> {
  readonly #queue = new AsyncQueue<T>();
  readonly #maxQueued: number;
  readonly #unsubscribe: () => void;
  #releaseSignal = () => {};

  /**
   * @param subscribe Starts to pass values to `put`, and may `end` the iteration, with an error or without. Returns a
   *   function that unsubscribes, which is called when the iteration ends for another reason.
   */
  constructor(
    subscribe: (put: (value: T) => void, end: (error?: unknown) => void) => () => void,
    { maxQueued, signal }: SubscriptionOptions,
  ) {
    this.#maxQueued = maxQueued;
    this.#unsubscribe = subscribe(
      (value) => this.#put(value),
      (error) => this.#end(error),
    );
    if (this.#queue.ended) return;
    this.#releaseSignal = onAbort(signal, (reason) => {
      this.#unsubscribe();
      this.#queue.discard(reason);
    });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#queue.take();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#releaseSignal();
    this.#unsubscribe();
    this.#queue.discard();
    return Promise.resolve({ done: true, value: undefined });
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #put(value: T): void {
    if (this.#queue.size >= this.#maxQueued) this.#queue.takeNow();
    this.#queue.put(value);
  }

  #end(error: unknown): void {
    this.#releaseSignal();
    this.#queue.end(error);
  }
}
