/** More requests in so long a time than these, and three for each thing that happened in it, are too many. */
const windowMs = 5_000;
const maxRequests = 40;

/** After so long a time without trouble a retry begins with the shortest pauses again. */
const calmMs = 30_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Whether what is tried again is tried after a pause, and not after too long a one. */
export class Pace {
  readonly #now: () => number;
  readonly #violate: (text: string) => void;
  #requests: number[] = [];
  #acts: number[] = [];
  #lastSetBack = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, violate: (text: string) => void) {
    this.#now = now;
    this.#violate = violate;
  }

  acted(): void {
    this.#acts.push(this.#now());
  }

  requested(): void {
    const since = this.#now() - windowMs;
    this.#requests = [...this.#requests.filter((at) => at > since), this.#now()];
    if (this.#requests.length <= maxRequests) return;
    const acts = this.#acts.filter((at) => at > since).length;
    if (this.#requests.length > maxRequests + 3 * acts)
      this.#violate(`${this.#requests.length} requests in ${windowMs} ms, and ${acts} reasons`);
  }

  setBack(): void {
    this.#lastSetBack = this.#now();
  }

  trouble(retryInMs: number): void {
    const now = this.#now();
    if (retryInMs > longestPauseMs) this.#violate(`a pause of ${retryInMs} ms`);
    // The one act may be what the trouble comes from.
    const isCalm =
      now - this.#lastSetBack > calmMs && this.#acts.filter((at) => at > now - calmMs).length <= 1;
    if (isCalm && retryInMs > firstPauseMs) this.#violate(`a pause of ${retryInMs} ms after a calm`);
    this.setBack();
  }
}
