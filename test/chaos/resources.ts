/** What must be ended, the last first; each of them, whatever becomes of the others. */
export class Resources implements AsyncDisposable {
  readonly #ends: (() => unknown)[] = [];

  use(resource: AsyncDisposable): void {
    this.#ends.push(() => resource[Symbol.asyncDispose]());
  }

  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const troubles: unknown[] = [];
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end();
      } catch (error) {
        troubles.push(error);
      }
    }
    if (troubles.length > 0) throw new AggregateError(troubles, 'not everything could be ended');
  }
}
