import { eventually } from '../eventually.js';
import type { Caller } from './caller.js';

/** Makes calls without a pause, and records their results. */
export class Traffic {
  readonly answers = new Map<string, number>();
  readonly failures: unknown[] = [];
  readonly #caller: Caller;
  readonly #workers: Promise<void>[];
  #stopped = false;

  constructor(caller: Caller, workers = 4) {
    this.#caller = caller;
    this.#workers = Array.from({ length: workers }, () => this.#work());
  }

  /** Waits until this many more calls were answered, by exactly the named servers if there are any. */
  async untilAnswered(count: number, ...only: string[]): Promise<void> {
    const wanted = [...only].sort().join();
    await eventually(`${count} calls in a row were answered by ${wanted || 'any server'}`, async () => {
      const before = new Map(this.answers);
      const total = () => [...this.answers.values()].reduce((sum, n) => sum + n, 0);
      const start = total();
      await eventually(`${count} more calls were answered`, () => total() >= start + count);
      const now = [...this.answers].filter(([name, n]) => n > (before.get(name) ?? 0)).map(([name]) => name);
      return only.length === 0 || now.sort().join() === wanted;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      try {
        const name = await this.#caller.call();
        this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
      } catch (error) {
        this.failures.push(error);
      }
    }
  }
}
