import type { WatcherState } from './watcher-state.js';

/** The watchers whose token was refused. One request for a new token serves all of them. */
export class TokenWaiters {
  readonly #waiting = new Set<WatcherState>();
  #isRequested = false;

  add(state: WatcherState): void {
    this.#waiting.add(state);
  }

  remove(state: WatcherState): void {
    this.#waiting.delete(state);
  }

  /** Returns whether the caller must request a token now; false while a request is pending. */
  beginRequest(): boolean {
    const isFirst = !this.#isRequested;
    this.#isRequested = true;
    return isFirst;
  }

  /** Ends the request, whatever its result, and returns the watchers that waited for it. */
  takeAll(): readonly WatcherState[] {
    this.#isRequested = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}
