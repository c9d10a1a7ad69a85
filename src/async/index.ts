export { AsyncQueue } from './async-queue.js';
export { type BackoffOptions, backoffDelay } from './backoff.js';
export { Broadcast } from './broadcast.js';
export { callPredicate, callSafely, processWarning, processWarningOnce } from './callbacks.js';
export { CancellableIterator } from './cancellable-iterator.js';
export { type Clock, longestTimerMs, systemClock } from './clock.js';
export { ConcurrencyLimit } from './concurrency-limit.js';
export { type DueItem, DueQueue } from './due-queue.js';
export { EffectLoop } from './effect-loop.js';
export { ElapsedClock, type MachineClocks } from './elapsed-clock.js';
export { Pacer } from './pacer.js';
export { ProcessRef } from './process-ref.js';
export { retryLoop } from './retry-loop.js';
export {
  delay,
  onAbort,
  raceAbort,
  sharedAbortController,
  withAnySignal,
  withTimeout,
  withTimeoutSignal,
} from './signals.js';
export { destroyIfSilent, destroyUnless, timedOut } from './socket-timeout.js';
export { Subscription, type SubscriptionOptions } from './subscription.js';
