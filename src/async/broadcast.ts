interface Listener<T> {
  readonly onValue: (value: T) => void;
  readonly onEnd: (error?: unknown) => void;
}

/** Passes each value to all listeners, in the order in which they were added. */
export class Broadcast<T> {
  /** Made with the first listener: a process may have thousands of broadcasts to which nothing listens. */
  #listeners: Set<Listener<T>> | undefined;
  readonly #failed: (error: unknown) => void;
  #end: { readonly error: unknown } | undefined;

  /**
   * @param failed Called with what a listener throws; the other listeners are still called. Default: the error is thrown
   *   in a microtask of its own, as for a listener of an event target.
   */
  constructor(failed: (error: unknown) => void = throwLater) {
    this.#failed = failed;
  }

  get size(): number {
    return this.#listeners?.size ?? 0;
  }

  /**
   * Calls back with each later value, and at the end with its error, if there is one; immediately if the broadcast has
   * ended. The returned function removes the listener, which is not called after that. It returns whether there was
   * something to remove.
   */
  listen(onValue: (value: T) => void, onEnd: (error?: unknown) => void = () => {}): () => boolean {
    if (this.#end) {
      onEnd(this.#end.error);
      return () => false;
    }
    const listener = { onValue, onEnd }; // one for each call: the same function may listen twice
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Listeners that are added meanwhile do not get the value. */
  publish(value: T): void {
    this.#callAll(({ onValue }) => onValue(value));
  }

  /** Calls the listeners' `onEnd` and removes them. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#callAll(({ onEnd }) => onEnd(error));
    this.#listeners?.clear();
  }

  #callAll(call: (listener: Listener<T>) => void): void {
    const listeners = this.#listeners;
    if (!listeners || listeners.size === 0) return;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        call(listener);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
