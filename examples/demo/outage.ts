import type { Caller } from './caller.js';

/** An outage of etcd, and what became of the calls since it began. */
export class Outage {
  readonly #caller: Caller;
  readonly #since = performance.now();
  readonly #answeredBefore: number;
  readonly #failedBefore: number;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#answeredBefore = caller.answeredCount;
    this.#failedBefore = caller.failed.length;
  }

  get answered(): number {
    return this.#caller.answeredCount - this.#answeredBefore;
  }

  get failed(): number {
    return this.#caller.failed.length - this.#failedBefore;
  }

  /** One line about it, while it lasts. */
  get text(): string {
    const seconds = ((performance.now() - this.#since) / 1000).toFixed(1);
    const state = this.answered === 0 ? 'etcd is away' : 'etcd is away: calls continue';
    return `${state} (${seconds} s, ${this.answered} answered, ${this.failed} failed)`;
  }
}
