import type { Proceed, Report } from './messages.js';

export interface Acquired {
  readonly atNs: bigint;
  readonly token: bigint;
  readonly count: number;
}

/** One wait for the lock, and what follows. Each promise rejects if the process fails or ends before. */
export class Attempt {
  readonly acquired: Promise<Acquired>;
  /** The time just before the release, in nanoseconds of the monotonic clock. */
  readonly left: Promise<bigint>;
  readonly released: Promise<void>;
  readonly #id: number;
  readonly #send: (line: string) => unknown;
  #onAcquired = (_: Acquired) => {};
  #onLeft = (_: bigint) => {};
  #onReleased = () => {};
  readonly #failures: ((error: Error) => void)[] = [];

  constructor(id: number, send: (line: string) => unknown) {
    this.#id = id;
    this.#send = send;
    this.acquired = this.#promise((resolve) => {
      this.#onAcquired = resolve;
    });
    this.left = this.#promise((resolve) => {
      this.#onLeft = resolve;
    });
    this.released = this.#promise((resolve) => {
      this.#onReleased = resolve;
    });
  }

  /** Opens the gate of a gated order. */
  proceed(): void {
    const line: Proceed = { id: this.#id, proceed: true };
    this.#send(`${JSON.stringify(line)}\n`);
  }

  onReport(report: Report): void {
    if (report.event === 'acquired') {
      const { at, token, count } = report;
      this.#onAcquired({ atNs: BigInt(at), token: BigInt(token), count });
    } else if (report.event === 'left') this.#onLeft(BigInt(report.at));
    else if (report.event === 'released') this.#onReleased();
    else this.fail(new Error(report.error));
  }

  fail(error: Error): void {
    for (const reject of this.#failures) reject(error);
  }

  /** Rejections are expected after a kill, so they need no handler. */
  #promise<T>(executor: (resolve: (value: T) => void) => void): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#failures.push(reject);
      executor(resolve);
    });
    promise.catch(() => {});
    return promise;
  }
}
