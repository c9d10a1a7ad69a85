import { onAbort, raceAbort } from '../signals.js';
import { type Clock, systemClock } from './clock.js';

/**
 * Settles as the promise does, or rejects with `timeoutError()` after `ms` milliseconds, or with the signal's reason on
 * an abort. The work behind it continues. Neither a timer nor a listener outlives the result.
 */
export function withTimeout<T>(
  promise: Promise<T>,
  ms: number,
  timeoutError: () => Error,
  { clock = systemClock, signal }: { readonly clock?: Clock; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return raceAbort(promise, signal);
  return new Promise((resolve, reject) => {
    let release = () => {};
    const end = () => {
      cancel();
      release();
    };
    const cancel = clock.setTimer(ms, () => {
      end();
      reject(timeoutError());
    });
    promise.then(resolve, reject).finally(end);
    release = onAbort(signal, (reason) => {
      end();
      reject(reason as Error);
    });
  });
}

/**
 * Resolves with whether the promise resolves within `ms` milliseconds. The work behind it continues.
 * @throws whatever the promise rejects with in that time.
 */
export function resolvesWithin(
  promise: Promise<unknown>,
  ms: number,
  clock: Clock = systemClock,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(ms, () => resolve(false));
    promise.then(() => resolve(true), reject).finally(cancel);
  });
}

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds, as `AbortSignal.timeout()` does, or with the given
 * signal, whichever is first.
 *
 * Workaround (Node 20.20; https://github.com/nodejs/node/issues/57736): `AbortSignal.any()` with a timeout signal is
 * not used, because the timeout signal may be garbage collected before it fires. Remove when the oldest supported Node
 * keeps it.
 */
export async function withTimeoutSignal<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const limited = new AbortController();
  const cancel = clock.setTimer(ms, () => limited.abort(timeoutReason()));
  const release = onAbort(signal, (reason) => limited.abort(reason));
  try {
    return await work(limited.signal);
  } finally {
    cancel();
    release();
  }
}

function timeoutReason(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError');
}
