/** The time of a frame that may be spent on messages. */
const budgetMs = 10;
/** A hidden page has no frames. */
const hiddenDelayMs = 500;

/** Collects items, and handles those of one frame together: many changes cause one rendering. */
export class FrameQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #flush: () => void;
  #items: T[] = [];
  #scheduled = false;

  /** @param flush Called after the items of a frame were handled. */
  constructor(handle: (item: T) => void, flush: () => void) {
    this.#handle = handle;
    this.#flush = flush;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const run = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#run();
    };
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, hiddenDelayMs);
  }

  #run(): void {
    this.#scheduled = false;
    const items = this.#items;
    const end = performance.now() + budgetMs;
    let handled = 0;
    while (handled < items.length && performance.now() < end) {
      const item = items[handled++];
      if (item !== undefined) this.#handle(item);
    }
    this.#items = items.slice(handled);
    if (this.#items.length > 0) this.#schedule();
    this.#flush();
  }
}
