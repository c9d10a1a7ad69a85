/** Counts events, and the most within one second. */
export class Rate {
  total = 0;
  mostPerSecond = 0;
  readonly #recent: number[] = [];
  #onNext: (() => void) | undefined;

  add(): void {
    const now = performance.now();
    this.#recent.push(now);
    while ((this.#recent[0] ?? now) < now - 1_000) this.#recent.shift();
    this.total++;
    this.#onNext?.();
    this.mostPerSecond = Math.max(this.mostPerSecond, this.#recent.length);
  }

  /** Resolves when the next event is added. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#onNext = resolve;
    });
  }
}
