import { raceAbort, systemClock } from '../../async/index.js';
import { DeadlineError, type EtcdError } from '../../errors/index.js';

/** So long the call that is under way at the deadline has to say what stood in its way. */
const graceMs = 50;
/** A client's own deadline of a call is no longer. */
const longestCallMs = 10_000;

/** The wait for the first record: bounded, and told of what stands in the way, whereas later ones are tried for ever. */
export class FirstRecord {
  readonly #deadline: number;
  readonly #timeoutMs: number;
  #done: () => void = () => {};
  #failed: (error: unknown) => void = () => {};
  readonly #settled: Promise<void>;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#deadline = performance.now() + timeoutMs;
    this.#settled = new Promise((done, failed) => {
      [this.#done, this.#failed] = [done, failed];
    });
    this.#settled.catch(() => {}); // who waits is told; nobody may wait any more
  }

  done(): void {
    this.#done();
  }

  failed(error: unknown): void {
    this.#failed(error);
  }

  /** For each call on the way to it: they end with its deadline, so that their trouble can be told. */
  callOptions(): { timeoutMs?: number } {
    const left = this.#deadline - performance.now();
    return left < longestCallMs ? { timeoutMs: Math.max(1, left) } : {};
  }

  /** @throws what failed it, the signal's own reason, or {DeadlineError} with the last error there was. */
  async wait(
    key: string,
    signal: AbortSignal | undefined,
    lastError: () => EtcdError | undefined,
  ): Promise<void> {
    const cancel = systemClock.setTimer(this.#timeoutMs + graceMs, () => {
      const cause = lastError();
      const why = cause ? `: ${cause.message}` : '';
      this.#failed(
        new DeadlineError(`'${key}' was not registered within ${this.#timeoutMs} ms${why}`, { cause }),
      );
    });
    try {
      await raceAbort(this.#settled, signal);
    } finally {
      cancel();
    }
  }
}
