import type { WatcherState } from './watcher-state.js';

/** Those whose token was turned down. One request for another serves all of them. */
export class TokenWaiters {
  readonly #waiting = new Set<WatcherState>();
  #isRequested = false;

  /** Gives whether a token is now to be asked for. */
  add(state: WatcherState): boolean {
    this.#waiting.add(state);
    const isFirst = !this.#isRequested;
    this.#isRequested = true;
    return isFirst;
  }

  remove(state: WatcherState): void {
    this.#waiting.delete(state);
  }

  /** Whatever the answer was: gives those who waited for it. */
  takeAll(): readonly WatcherState[] {
    this.#isRequested = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}
