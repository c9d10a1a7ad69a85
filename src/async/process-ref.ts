import { longestTimerMs } from './time/shared-timer.js';

/**
 * Keeps the process alive while it has at least one reference. The library's sockets and timers are all unref'd: only
 * an operation that a caller waits for keeps the process alive, and a watch may opt out.
 */
export class ProcessRef {
  readonly #timer = setInterval(() => {}, longestTimerMs).unref();
  #references = 0;

  /** Adds a reference. Returns a function that removes it; a second call does nothing. */
  keepProcessAlive(): () => void {
    this.add();
    let referenced = true;
    return () => {
      if (!referenced) return;
      referenced = false;
      this.remove();
    };
  }

  /** Adds a reference that its owner removes exactly once. */
  add(): void {
    if (this.#references++ === 0) this.#timer.ref();
  }

  remove(): void {
    if (--this.#references === 0) this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** One reference for any number of users: taken when the first one is added, released when the last one is removed. */
export class CountedRef {
  readonly #take: () => () => void;
  #release = () => {};
  #users = 0;

  /** @param take Takes the reference and returns a function that releases it. */
  constructor(take: () => () => void) {
    this.#take = take;
  }

  add(): void {
    if (this.#users++ === 0) this.#release = this.#take();
  }

  remove(): void {
    if (--this.#users === 0) this.#release();
  }
}
