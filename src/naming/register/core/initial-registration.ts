import { DeadlineError, type EtcdError } from '../../../errors/index.js';

/** How long the call that is under way at the deadline has to say what stood in its way. */
const graceMs = 50;
/** A client's own deadline of a call is no longer. */
const longestCallMs = 10_000;

/** The wait for the first record: bounded, and with the reason when it fails, whereas later records are tried forever. */
export class InitialRegistration {
  readonly #timeoutMs: number;
  readonly #deadline: number;

  constructor(timeoutMs: number, now: number) {
    this.#timeoutMs = timeoutMs;
    this.#deadline = now + timeoutMs;
  }

  get deadline(): number {
    return this.#deadline + graceMs;
  }

  /** For each call on the way to it: they end with its deadline, so that their failure can be the reason. */
  requestTimeout(now: number): { timeoutMs?: number } {
    const left = this.#deadline - now;
    return left < longestCallMs ? { timeoutMs: Math.max(1, left) } : {};
  }

  toDeadlineError(key: string, cause: EtcdError | undefined): DeadlineError {
    const why = cause ? `: ${cause.message}` : '';
    return new DeadlineError(`'${key}' was not registered within ${this.#timeoutMs} ms${why}`, { cause });
  }
}
