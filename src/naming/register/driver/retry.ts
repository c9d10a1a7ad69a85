import { Pacer, systemClock } from '../../../async/index.js';
import { retryPauses } from '../core/index.js';

/** A pacer for one kind of retry, with the registration's backoff. */
export function retryPacer(): Pacer {
  return new Pacer(retryPauses, systemClock, Math.random);
}
