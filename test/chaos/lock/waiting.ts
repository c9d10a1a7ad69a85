import type { Random } from '../../sim/random.js';
import { isInQueue } from './log-keys.js';

interface Waiter {
  readonly name: string;
  /** Whether it may join the queue with a second key. */
  readonly requeues: boolean;
  hasKey: boolean;
}

/** The requests of a process that wait, and which of them a key on the wire belongs to. */
export class Waiting {
  readonly #waiters = new Map<number, Waiter>();
  readonly #known = new Set<string>();

  /** A name for a request whose keys are not mistaken for those of the others. */
  pick(names: readonly string[], requeues: boolean, random: Random): string {
    const waiters = [...this.#waiters.values()];
    const isClear = (name: string) =>
      !waiters.some((other) => other.name === name && (requeues || other.requeues));
    const clear = names.filter(isClear);
    return random.pick(clear.length > 0 ? clear : names);
  }

  begin(request: number, name: string, requeues: boolean): void {
    this.#waiters.set(request, { name, requeues, hasKey: false });
  }

  /** Returns whether it was waiting. */
  end(request: number): boolean {
    return this.#waiters.delete(request);
  }

  /** The requests one of which joins a queue with the key; none if it is known already. */
  requestsOf(key: string): readonly number[] {
    if (this.#known.has(key)) return []; // sent again after a lost answer
    const candidates = [...this.#waiters].filter(
      ([, { name, requeues, hasKey }]) => isInQueue('ours', name, key) && (requeues || !hasKey),
    );
    const [only] = candidates;
    if (only && candidates.length === 1) {
      this.#known.add(key);
      only[1].hasKey = true;
    }
    return candidates.map(([request]) => request);
  }
}
