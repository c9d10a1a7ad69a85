/** Closes everything that was added, in reverse order. An error of one does not prevent the others. */
export class Resources implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];

  use(resource: AsyncDisposable): void {
    this.#closers.push(() => resource[Symbol.asyncDispose]());
  }

  defer(end: () => unknown): void {
    this.#closers.push(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (let end = this.#closers.pop(); end; end = this.#closers.pop()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some resources could not be closed');
  }
}
