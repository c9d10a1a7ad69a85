import { backoffDelay } from '../async/index.js';

/** Pauses between retries while nothing is answered: those of the whole client, however many calls wait. */
const probePause = { baseMs: 50, maxMs: 1_000 };
/** Added to each of those pauses, since full jitter may give none. */
const minProbePauseMs = 25;
/**
 * How many retries each answered call releases: 1, 4, 16, … once a member recovers. Calls keep flowing as long as at
 * least a quarter of the attempts are answered, as behind a load balancer with some backends down.
 */
const retriesPerAnswer = 4;

/**
 * Decides when a client may send a retry, from what became of its attempts. Without an answer one retry at a time goes
 * out as a probe, less and less often; each answer releases a few more. So the rate of retries under failure does not
 * depend on how many calls wait, and nothing is refused: a retry without permission waits. Pure: no clock, no timer.
 */
export class RetryBudget {
  readonly #random: () => number;
  /** Sent since the last answer. */
  #probes = 0;
  #nextProbeAt = Number.NEGATIVE_INFINITY;
  #released = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether an answer would change anything. */
  get isProbing(): boolean {
    return this.#probes > 0;
  }

  /** From when on `take` permits a retry, if nothing is answered or fails before. */
  get availableAt(): number {
    return this.#released > 0 ? Number.NEGATIVE_INFINITY : this.#nextProbeAt;
  }

  /** Takes the permission for one retry, if there is one. */
  take(now: number): boolean {
    if (this.#released > 0) {
      this.#released--;
      return true;
    }
    if (now < this.#nextProbeAt) return false;
    this.#nextProbeAt = now + minProbePauseMs + backoffDelay(probePause, this.#probes++, this.#random);
    return true;
  }

  /** etcd answered an attempt, while so many retries wait: permissions are not saved for later ones. */
  recordAnswer(now: number, waiting: number): void {
    this.#probes = 0;
    this.#released = Math.min(this.#released + retriesPerAnswer, waiting);
    this.#nextProbeAt = Math.min(this.#nextProbeAt, now + minProbePauseMs + probePause.baseMs);
  }

  /** An attempt failed: what earlier answers permitted no longer holds. */
  recordFailure(): void {
    this.#released = 0;
  }
}
