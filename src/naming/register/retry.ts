import { Pacer, systemClock } from '../../async/index.js';
import { retryPauses } from './core/index.js';

/** The pauses between a registration's retries of one thing. */
export function retryPacer(): Pacer {
  return new Pacer(retryPauses, systemClock, Math.random);
}
