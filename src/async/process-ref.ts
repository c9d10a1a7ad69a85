import { longestTimerMs } from './clock.js';

/**
 * Keeps the process alive while somebody asks for it. Sockets and timers of this library never do so by themselves:
 * only what a caller waits for does, and a caller may say that a watch is not to.
 */
export class ProcessRef {
  readonly #timer = setInterval(() => {}, longestTimerMs).unref();
  #references = 0;

  /** Holds until the returned function is called; calling it again does nothing. */
  keepProcessAlive(): () => void {
    if (this.#references++ === 0) this.#timer.ref();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#references === 0) this.#timer.unref();
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
