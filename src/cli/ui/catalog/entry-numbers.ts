/** A queue of growing numbers. Adding and removing the first cost constant time on average. */
export class EntryNumbers {
  #numbers: number[] = [];
  #start = 0;

  get size(): number {
    return this.#numbers.length - this.#start;
  }

  add(n: number): void {
    this.#numbers.push(n);
  }

  shift(): number | undefined {
    const first = this.#numbers[this.#start];
    if (first === undefined) return undefined;
    this.#start++;
    if (this.#start * 2 > this.#numbers.length) {
      this.#numbers = this.#numbers.slice(this.#start);
      this.#start = 0;
    }
    return first;
  }

  all(): readonly number[] {
    return this.#numbers.slice(this.#start);
  }
}
