import { DeadlineError, type EtcdError } from '../../../errors/index.js';

/** Time for the request in flight at the deadline to fail with its own reason, in milliseconds. */
const graceMs = 50;
/** The client's default deadline, in milliseconds: longer requests need no deadline of their own. */
const longestCallMs = 10_000;

/** The deadline of the first registration and its error. Later registrations are retried forever. */
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

  /** Bounds each request by the deadline, so that its failure can be the reported cause. */
  requestTimeout(now: number): { timeoutMs?: number } {
    const left = this.#deadline - now;
    return left < longestCallMs ? { timeoutMs: Math.max(1, left) } : {};
  }

  toDeadlineError(key: string, cause: EtcdError | undefined): DeadlineError {
    const why = cause ? `: ${cause.message}` : '';
    return new DeadlineError(`'${key}' was not registered within ${this.#timeoutMs} ms${why}`, { cause });
  }
}
