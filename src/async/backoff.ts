/** Bounds of an exponential backoff with full jitter. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly maxMs: number;
}

/**
 * How long to wait before attempt number `attempt` (0 for the first retry): anywhere between 0 and a bound that
 * doubles each time. Full jitter spreads a fleet that lost the same member at the same moment.
 * `random` gives a number in [0, 1).
 */
export function backoffDelay(options: BackoffOptions, attempt: number, random: () => number): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * bound);
}
