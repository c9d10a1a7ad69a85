/** Bounds of an exponential backoff with full jitter. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly maxMs: number;
}

/**
 * The delay before retry number `attempt` (0 for the first), in whole milliseconds: a random time between 0 and a bound
 * that doubles with each attempt. Full jitter spreads the retries of clients that lost the same member together.
 * @param random Returns a number in [0, 1).
 */
export function backoffDelay(options: BackoffOptions, attempt: number, random: () => number): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * bound);
}
