/** Turns of calls that wait for one endpoint each to connect. Calls are all alike: only their number is kept. */
export class OwedTurns<S> {
  readonly #owed = new Map<S, number>();
  readonly #due: S[] = [];
  #total = 0;

  /** How many calls wait. */
  get total(): number {
    return this.#total;
  }

  /** Whether one of the endpoints has connected that calls wait for. */
  get hasDue(): boolean {
    return this.#due.length > 0;
  }

  /** One more call waits for it. */
  add(to: S): void {
    this.#owed.set(to, (this.#owed.get(to) ?? 0) + 1);
    this.#total++;
  }

  /** It has connected: the calls that wait for it can go there. */
  connected(one: S): void {
    if (this.#owed.has(one)) this.#due.push(one);
  }

  /** An endpoint that has connected and is owed a call, which it gets now. */
  take(): S | undefined {
    const one = this.#due[0];
    if (one === undefined) return undefined;
    const left = (this.#owed.get(one) ?? 1) - 1;
    this.#total--;
    if (left > 0) this.#owed.set(one, left);
    else this.#drop(one);
    return one;
  }

  /** It can take none: whoever waits for it needs another turn. Returns whether any call did. */
  cancel(one: S): boolean {
    const count = this.#owed.get(one);
    if (count === undefined) return false;
    this.#total -= count;
    this.#drop(one);
    return true;
  }

  #drop(one: S): void {
    this.#owed.delete(one);
    const at = this.#due.indexOf(one);
    if (at >= 0) this.#due.splice(at, 1);
  }
}
