/** The turns of queued calls, each reserved for an endpoint that is connecting. They are counted: calls are interchangeable. */
export class Reservations<T> {
  readonly #counts = new Map<T, number>();
  readonly #ready: T[] = [];
  #count = 0;

  /** The number of queued calls. */
  get count(): number {
    return this.#count;
  }

  /** Whether an endpoint with queued calls has become ready. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Reserves a turn for one more call. */
  reserve(endpoint: T): void {
    this.#counts.set(endpoint, (this.#counts.get(endpoint) ?? 0) + 1);
    this.#count++;
  }

  /** Called when an endpoint is ready, so that its queued calls can use it. */
  markReady(endpoint: T): void {
    if (this.#counts.has(endpoint)) this.#ready.push(endpoint);
  }

  /** Takes one reservation of an endpoint that is ready. */
  takeReady(): T | undefined {
    const endpoint = this.#ready[0];
    if (endpoint === undefined) return undefined;
    const left = (this.#counts.get(endpoint) ?? 1) - 1;
    this.#count--;
    if (left > 0) this.#counts.set(endpoint, left);
    else this.#delete(endpoint);
    return endpoint;
  }

  /** Cancels the reservations of an endpoint that takes no calls. Returns whether there were any. */
  cancel(endpoint: T): boolean {
    const count = this.#counts.get(endpoint);
    if (count === undefined) return false;
    this.#count -= count;
    this.#delete(endpoint);
    return true;
  }

  #delete(endpoint: T): void {
    this.#counts.delete(endpoint);
    const index = this.#ready.indexOf(endpoint);
    if (index >= 0) this.#ready.splice(index, 1);
  }
}
