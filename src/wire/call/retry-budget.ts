import { backoffDelay } from '../../async/index.js';

/** The pauses between retries while no attempt is answered. They are shared by all calls that wait. */
const probePause = { baseMs: 50, maxMs: 1_000 };
/** Added to each of those pauses, because full jitter may return zero. */
const minProbePauseMs = 25;
/**
 * How many retries each answer permits: 1, 4, 16, … once a member recovers. The rate is not reduced as long as a quarter
 * of the attempts are answered, as behind a load balancer with some backends down.
 */
const retriesPerAnswer = 4;

/**
 * Decides when a client may send a retry, from the results of its attempts. Without answers, one retry at a time is sent
 * as a probe, at growing intervals; each answer permits a few more. The rate of retries during a failure therefore does
 * not depend on the number of waiting calls. No retry is refused: one without permission waits. Pure: no clock, no timer.
 */
export class RetryBudget {
  readonly #random: () => number;
  /** The number of probes sent since the last answer. */
  #probes = 0;
  #nextProbeAt = Number.NEGATIVE_INFINITY;
  /** The number of retries that recent answers permit. */
  #released = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether retries are limited to probes, so that an answer would change the budget. */
  get isProbing(): boolean {
    return this.#probes > 0;
  }

  /** The time from which `take` permits the next retry, unless an attempt ends before. */
  get availableAt(): number {
    return this.#released > 0 ? Number.NEGATIVE_INFINITY : this.#nextProbeAt;
  }

  /** Takes the permission for one retry. Returns false if there is none. */
  take(now: number): boolean {
    if (this.#released > 0) {
      this.#released--;
      return true;
    }
    if (now < this.#nextProbeAt) return false;
    this.#nextProbeAt = now + minProbePauseMs + backoffDelay(probePause, this.#probes++, this.#random);
    return true;
  }

  /** Records an answer. Permissions are limited to the number of waiting retries; they are not saved for later ones. */
  recordAnswer(now: number, waiting: number): void {
    this.#probes = 0;
    this.#released = Math.min(this.#released + retriesPerAnswer, waiting);
    this.#nextProbeAt = Math.min(this.#nextProbeAt, now + minProbePauseMs + probePause.baseMs);
  }

  /** Records a failed attempt, which revokes the permissions of earlier answers. */
  recordFailure(): void {
    this.#released = 0;
  }
}
