/** What must be ended, the last first; each of them, whatever becomes of the others. */
export class Resources implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];

  use(resource: AsyncDisposable): void {
    this.#closers.push(() => resource[Symbol.asyncDispose]());
  }

  defer(end: () => unknown): void {
    this.#closers.push(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const troubles: unknown[] = [];
    for (let end = this.#closers.pop(); end; end = this.#closers.pop()) {
      try {
        await end();
      } catch (error) {
        troubles.push(error);
      }
    }
    if (troubles.length > 0) throw new AggregateError(troubles, 'not everything could be ended');
  }
}
