/** The time of a frame that may be spent on messages. */
const budgetMs = 10;
/** A page that becomes hidden while it waits for a frame gets none. */
const maxDelayMs = 500;

/**
 * Collects items, and handles those of one frame together: many changes cause one rendering. A hidden page, whose timers
 * may be delayed by a minute, handles each item immediately.
 */
export class FrameQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #flush: () => void;
  #items: T[] = [];
  #cancel: (() => void) | undefined;

  /** @param flush Called after the items of a frame were handled. */
  constructor(handle: (item: T) => void, flush: () => void) {
    this.#handle = handle;
    this.#flush = flush;
  }

  push(item: T): void {
    this.#items.push(item);
    if (document.hidden) this.#run(Number.POSITIVE_INFINITY);
    else this.#schedule();
  }

  /** Drops what was not handled. */
  close(): void {
    this.#cancel?.();
    this.#items = [];
  }

  #schedule(): void {
    if (this.#cancel) return;
    const run = () => this.#run(performance.now() + budgetMs);
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, maxDelayMs);
    this.#cancel = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#cancel = undefined;
    };
  }

  /** Handles items until a time, and the others in the next frame. */
  #run(end: number): void {
    this.#cancel?.();
    const items = this.#items;
    let handled = 0;
    do {
      const item = items[handled++];
      if (item !== undefined) this.#handle(item);
    } while (handled < items.length && performance.now() < end);
    this.#items = items.slice(handled);
    if (this.#items.length > 0) this.#schedule();
    this.#flush();
  }
}
