export { type BackoffOptions, backoffDelay } from './backoff.js';
export { type Clock, systemClock } from './clock.js';
export { type Due, DueQueue } from './due-queue.js';
export { type Clocks, ElapsedClock } from './elapsed-clock.js';
export { Mailbox } from './mailbox.js';
export { ProcessHold } from './process-hold.js';
export { restarting } from './restarting.js';
export { delay, onAbort, raceAbort, sharedAbort, withEither, within } from './signals.js';
