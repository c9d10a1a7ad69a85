import { type BackoffOptions, Pacer, systemClock } from '../../async/index.js';

/** Jittered, so that a fleet that lost etcd together does not come back in one moment. */
export const retry: BackoffOptions = { baseMs: 200, maxMs: 5_000 };

/** The pauses between a registration's retries of one thing. */
export function retryPacer(): Pacer {
  return new Pacer(retry, systemClock, Math.random);
}
