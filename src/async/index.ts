export { type BackoffOptions, backoffDelay } from './backoff.js';
export { type Clock, systemClock } from './clock.js';
export { Mailbox } from './mailbox.js';
export { delay, onAbort, raceAbort } from './signals.js';
