import { type BackoffOptions, backoffDelay } from '../../../async/time/backoff.js';

/** The pauses between two streams. They are short: a restart takes a moment, and another member may be available. */
export const reopenBackoff: BackoffOptions = { baseMs: 50, maxMs: 5_000 };

/** How long a slot pauses before its next stream. */
export class ReopenBackoff {
  #failures = 0;
  /** How many streams had a malformed response since the last stable one. Deliveries do not reset it. */
  #malformedStreams = 0;

  /** How many streams were lost in a row without a delivery. */
  get failures(): number {
    return this.#failures;
  }

  /** Called when a watcher has advanced, which shows that the stream works. */
  onAdvanced(): void {
    this.#failures = 0;
  }

  /** Called when the stream has been open for long enough to be idle rather than failing. */
  onStable(): void {
    this.#failures = 0;
    this.#malformedStreams = 0;
  }

  onMalformed(): void {
    this.#failures = Math.max(this.#failures, this.#malformedStreams++);
  }

  /** Called when a stream is lost. Returns how many were lost in a row, this one included, and the pause before the next. */
  onLost(random: () => number): { attempt: number; delayMs: number } {
    const delayMs = backoffDelay(reopenBackoff, this.#failures++, random);
    return { attempt: this.#failures, delayMs };
  }
}
