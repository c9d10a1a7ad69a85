export { AsyncQueue } from './async-queue.js';
export type { AsyncStream } from './async-stream.js';
export { Broadcast } from './broadcast.js';
export {
  callPredicate,
  callSafely,
  isHandledPromise,
  processWarning,
  processWarningOnce,
} from './callbacks.js';
export { CancellableIterator } from './cancellable-iterator.js';
export { ConcurrencyLimit } from './concurrency-limit.js';
export { EffectLoop } from './effect-loop.js';
export { OneLoop, secondLoopError } from './one-loop.js';
export { handled, type Pending, pending } from './pending.js';
export { CountedRef, ProcessRef } from './process-ref.js';
export { inRootContext } from './root-context.js';
export { isReasonOf, onAbort, raceAbort, sharedAbortController, withAnySignal } from './signals.js';
export { destroyIfSilent, destroyUnless, timedOut } from './socket-timeout.js';
export { Subscription, type SubscriptionOptions } from './subscription.js';
export { type BackoffOptions, backoffDelay } from './time/backoff.js';
export { type Clock, refClock, systemClock, systemTimers } from './time/clock.js';
export { Coalescer } from './time/coalescer.js';
export { delay } from './time/delay.js';
export { type DueItem, DueQueue } from './time/due-queue.js';
export { ElapsedClock, type MachineClocks } from './time/elapsed-clock.js';
export { MovableTimer } from './time/movable-timer.js';
export { Pacer } from './time/pacer.js';
export { retryLoop } from './time/retry-loop.js';
export { longestTimerMs, SharedTimer, type TimerSource, type TimerTask } from './time/shared-timer.js';
export { resolvesWithin, withTimeout, withTimeoutSignal } from './time/timeout.js';
