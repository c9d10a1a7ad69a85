import { onAbort } from './signals.js';

/** Lets so many pieces of work run at a time; the others wait for their turn, first come first served. */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @throws the signal's own reason when it aborts before the work's turn; else as the work. */
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

  /** The place of whoever ends passes on to whoever waits. */
  #waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#waiting.delete(go);
        release();
        resolve();
      };
      this.#waiting.add(go);
      const release = onAbort(signal, (reason) => {
        this.#waiting.delete(go);
        reject(reason as Error);
      });
    });
  }
}
