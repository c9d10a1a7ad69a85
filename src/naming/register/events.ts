import { AsyncQueue, onAbort } from '../../async/index.js';
import type { RegistrationEvent } from './types.js';

/** Events per subscriber; beyond it the oldest is dropped. */
const maxQueued = 1_000;

/** Publishes each event to all current subscribers. */
export class RegistrationEvents {
  /** The subscribers, each with the function that removes the listener on its signal. */
  readonly #subscribers = new Map<AsyncQueue<RegistrationEvent>, () => void>();
  #hasEnded = false;

  publish(event: RegistrationEvent): void {
    for (const subscriber of this.#subscribers.keys()) {
      if (subscriber.size >= maxQueued) subscriber.dropOldest();
      subscriber.put(event);
    }
  }

  end(): void {
    this.#hasEnded = true;
    for (const [subscriber, release] of this.#subscribers) {
      release();
      subscriber.end();
    }
    this.#subscribers.clear();
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<RegistrationEvent, undefined> {
    const queue = new AsyncQueue<RegistrationEvent>();
    if (this.#hasEnded) queue.end();
    else this.#add(queue, signal);
    return {
      next: () => queue.take(),
      return: async () => {
        this.#subscribers.get(queue)?.();
        this.#subscribers.delete(queue);
        queue.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #add(queue: AsyncQueue<RegistrationEvent>, signal: AbortSignal | undefined): void {
    this.#subscribers.set(queue, () => {});
    const release = onAbort(signal, (reason) => {
      this.#subscribers.delete(queue);
      queue.discard(reason);
    });
    if (this.#subscribers.has(queue)) this.#subscribers.set(queue, release);
  }
}
