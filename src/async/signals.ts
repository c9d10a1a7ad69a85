import { setMaxListeners } from 'node:events';
import { Broadcast } from './broadcast.js';

/** A controller whose signal may have any number of listeners: by default Node warns of a leak from the eleventh listener on. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** The callbacks of one signal share one listener: callers pass one signal to any number of concurrent calls. */
const callbacksOf = new WeakMap<AbortSignal, AbortCallbacks>();

class AbortCallbacks {
  readonly #signal: AbortSignal;
  readonly #aborts = new Broadcast<unknown>();
  readonly #onAbort = () => {
    this.#removeListener();
    this.#aborts.publish(this.#signal.reason);
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    callbacksOf.set(signal, this);
  }

  /** A callback may remove another, which is then not called. */
  add(callback: (reason: unknown) => void): () => void {
    const remove = this.#aborts.listen(callback);
    return () => {
      if (remove() && this.#aborts.size === 0) this.#removeListener();
    };
  }

  #removeListener(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    callbacksOf.delete(this.#signal);
  }
}

/**
 * Calls back with the signal's reason when it aborts, immediately if it is aborted. Returns a function that removes the
 * callback. All waits use this function, so that no listener outlives its call and a signal has at most one listener.
 */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    callback(signal.reason);
    return () => {};
  }
  return (callbacksOf.get(signal) ?? new AbortCallbacks(signal)).add(callback);
}

/**
 * Settles as the promise does, or rejects with the signal's reason on an abort. The work behind the promise continues.
 */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    let release = () => {};
    // Handled first: onAbort() throws for a value that is not a signal, and the promise may still reject.
    promise.then(resolve, reject).finally(() => release());
    release = onAbort(signal, reject);
  });
}

/**
 * Runs `work` with a signal that aborts when either of the two does, and removes its listeners when `work` ends.
 *
 * Workaround (Node 20.20; https://github.com/nodejs/node/issues/64476, https://github.com/nodejs/node/issues/54614):
 * `AbortSignal.any()` is not used. A long-lived source signal keeps memory for each derived signal that has a listener
 * and was aborted by its other source. Remove when the oldest supported Node releases it.
 */
export async function withAnySignal<T>(
  one: AbortSignal,
  other: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const releases = [one, other].map((signal) => onAbort(signal, (reason) => either.abort(reason)));
  try {
    return await work(either.signal);
  } finally {
    for (const release of releases) release();
  }
}

/**
 * Whether the signal ended what failed with this error. The reason may itself be an EtcdError, such as the failure of
 * another call.
 */
export function isReasonOf(signal: AbortSignal | undefined, error: unknown): boolean {
  return signal?.aborted === true && error === signal.reason;
}
