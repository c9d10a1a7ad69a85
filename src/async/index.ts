export { AsyncQueue } from './async-queue.js';
export { type BackoffOptions, backoffDelay } from './backoff.js';
export { callSafely, warnOf } from './callbacks.js';
export { CancellableIterator } from './cancellable-iterator.js';
export { type Clock, longestTimerMs, systemClock } from './clock.js';
export { ConcurrencyLimit } from './concurrency-limit.js';
export { type Due, DueQueue } from './due-queue.js';
export { type Clocks, ElapsedClock } from './elapsed-clock.js';
export { Pacer } from './pacer.js';
export { ProcessRef } from './process-ref.js';
export { retryLoop } from './retry-loop.js';
export {
  delay,
  onAbort,
  raceAbort,
  sharedAbort,
  withAnySignal,
  withTimeLimit,
  withTimeout,
} from './signals.js';
export { destroyIfSilent, destroyUnless, timedOut } from './silence.js';
