import { onAbort } from './signals.js';

/** Runs at most `max` tasks at a time. The others wait in the order of their calls. */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @throws the signal's reason when it aborts before `work` starts; otherwise whatever `work` throws. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running >= this.#max) await this.#waitForTurn(signal);
    else this.#running++;
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next) next();
      else this.#running--;
    }
  }

  /** A task that ends passes its slot to the task that has waited longest. */
  #waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        this.#waiting.delete(start);
        release();
        resolve();
      };
      this.#waiting.add(start);
      const release = onAbort(signal, (reason) => {
        this.#waiting.delete(start);
        reject(reason as Error);
      });
    });
  }
}
