import { setMaxListeners } from 'node:events';
import { type Clock, startTimer, systemClock } from './clock.js';

/** A controller whose signal is handed out, to any number of listeners: Node warns of a leak from the eleventh on. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

interface Wait {
  readonly callback: (reason: unknown) => void;
}

/** The waits for each signal. They share one listener: callers have one signal for any number of calls under way. */
const waits = new WeakMap<AbortSignal, AbortCallbacks>();

class AbortCallbacks {
  readonly #signal: AbortSignal;
  readonly #waits = new Set<Wait>();
  readonly #onAbort = () => this.#aborted();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    waits.set(signal, this);
  }

  add(wait: Wait): void {
    this.#waits.add(wait);
  }

  delete(wait: Wait): void {
    if (this.#waits.delete(wait) && this.#waits.size === 0) this.#removeListener();
  }

  #removeListener(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    waits.delete(this.#signal);
  }

  /** Each is called at most once, and not after it was released, also by one that was called before it. */
  #aborted(): void {
    this.#removeListener();
    for (const wait of this.#waits) {
      this.#waits.delete(wait);
      try {
        wait.callback(this.#signal.reason);
      } catch (error) {
        queueMicrotask(() => {
          throw error; // as a listener's own would be: the others are called all the same
        });
      }
    }
  }
}

/**
 * Runs `onAbort` when the signal aborts (at once if it has); the returned function lets go of the signal.
 * Every wait goes through here, so that no listener outlives its call, and a signal has one at most.
 */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    callback(signal.reason);
    return () => {};
  }
  const wait: Wait = { callback };
  const all = waits.get(signal) ?? new AbortCallbacks(signal);
  all.add(wait);
  return () => all.delete(wait);
}

/** The promise, or the signal's own reason if that comes first. The work behind the promise is not stopped. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    let release = () => {};
    // First, since onAbort() throws for what is no signal, and the promise may reject all the same.
    promise.then(resolve, reject).finally(() => release());
    release = onAbort(signal, reject);
  });
}

/**
 * Runs the work with a signal that aborts with the first of the two, and lets go of both when it is through. Not
 * AbortSignal.any(): on Node 20 a signal that lives on keeps something of each one made of it.
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
 * Runs the work with a signal that aborts after so many milliseconds, or else with the given signal. Not
 * AbortSignal.any() of a timeout: on Node 20 that may be collected before it fires.
 */
export async function withTimeoutSignal<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const limited = new AbortController();
  const cancel = clock.setTimer(ms, () => limited.abort());
  const release = onAbort(signal, (reason) => limited.abort(reason));
  try {
    return await work(limited.signal);
  } finally {
    cancel();
    release();
  }
}

/** The promise, or the error if that many milliseconds pass first. The work behind the promise is not stopped. */
export function withTimeout<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return promise;
  return new Promise((resolve, reject) => {
    const cancel = systemClock.setTimer(ms, () => reject(late()));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Waits, holding the process unless told otherwise; an abort rejects with the signal's own reason. */
export function delay(
  ms: number,
  signal?: AbortSignal,
  options?: { readonly unref: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      release();
      resolve();
    };
    const cancel = startTimer(ms, done, options?.unref ?? false);
    const release = onAbort(signal, (reason) => {
      cancel();
      reject(reason as Error);
    });
  });
}
