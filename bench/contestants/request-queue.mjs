/** The requests of a stream as an iterable, without an end. */
export class RequestQueue {
  #queue = [];
  #wake = () => {};

  push(request) {
    this.#queue.push(request);
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const requests = this.#queue;
      this.#queue = [];
      yield* requests;
      if (this.#queue.length > 0) continue;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
