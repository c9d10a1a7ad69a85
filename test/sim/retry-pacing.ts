/** Limit on the requests per window: a constant, plus three per action in the window. */
const windowMs = 5_000;
const maxRequests = 40;

/** After this long without a failure, retries start with the shortest pause again. */
const resetAfterMs = 30_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Checks that retries pause, and not for too long. */
export class RetryPacing {
  readonly #now: () => number;
  readonly #violate: (text: string) => void;
  #requests: number[] = [];
  #actions: number[] = [];
  #lastFailureAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, violate: (text: string) => void) {
    this.#now = now;
    this.#violate = violate;
  }

  onAction(): void {
    this.#actions.push(this.#now());
  }

  onRequest(): void {
    const since = this.#now() - windowMs;
    this.#requests = [...this.#requests.filter((at) => at > since), this.#now()];
    if (this.#requests.length <= maxRequests) return;
    const actions = this.#actions.filter((at) => at > since).length;
    if (this.#requests.length > maxRequests + 3 * actions)
      this.#violate(`${this.#requests.length} requests in ${windowMs} ms with ${actions} actions`);
  }

  recordFailure(): void {
    this.#lastFailureAt = this.#now();
  }

  onFailure(retryInMs: number): void {
    const now = this.#now();
    if (retryInMs > longestPauseMs) this.#violate(`a pause of ${retryInMs} ms`);
    // The one action may be the cause of the failure.
    const isQuiet =
      now - this.#lastFailureAt > resetAfterMs &&
      this.#actions.filter((at) => at > now - resetAfterMs).length <= 1;
    if (isQuiet && retryInMs > firstPauseMs) this.#violate(`a pause of ${retryInMs} ms after a quiet period`);
    this.recordFailure();
  }
}
