/** Lets one caller at a time do its work. */
export class Exclusive {
  #busy = false;

  /** Returns true without doing the work if other work is in progress. */
  async run<T>(work: () => Promise<T>): Promise<T | true> {
    if (this.#busy) return true;
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
