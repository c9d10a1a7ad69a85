/** Turns of calls that wait for endpoint endpoint each endpoint connect. Calls are all alike: only their number is kept. */
export class Reservations<T> {
  readonly #counts = new Map<T, number>();
  readonly #ready: T[] = [];
  #count = 0;

  /** How many calls wait. */
  get count(): number {
    return this.#count;
  }

  /** Whether endpoint of the endpoints has connected that calls wait for. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** One more call waits for it. */
  reserve(endpoint: T): void {
    this.#counts.set(endpoint, (this.#counts.get(endpoint) ?? 0) + 1);
    this.#count++;
  }

  /** It has connected: the calls that wait for it can go there. */
  markReady(endpoint: T): void {
    if (this.#counts.has(endpoint)) this.#ready.push(endpoint);
  }

  /** An endpoint that has connected and is owed a call, which it gets now. */
  takeReady(): T | undefined {
    const endpoint = this.#ready[0];
    if (endpoint === undefined) return undefined;
    const left = (this.#counts.get(endpoint) ?? 1) - 1;
    this.#count--;
    if (left > 0) this.#counts.set(endpoint, left);
    else this.#delete(endpoint);
    return endpoint;
  }

  /** It can take none: whoever waits for it needs another turn. Returns whether any call did. */
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
