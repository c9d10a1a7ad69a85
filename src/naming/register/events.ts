import { AsyncQueue, onAbort } from '../../async/index.js';
import type { RegistrationEvent } from './types.js';

const maxQueued = 1_000;

/** Hands each event to everyone who listens at that moment. */
export class RegistrationEvents {
  /** With what lets go of each one's signal. */
  readonly #subscribers = new Map<AsyncQueue<RegistrationEvent>, () => void>();
  #hasEnded = false;

  publish(event: RegistrationEvent): void {
    for (const reader of this.#subscribers.keys()) {
      if (reader.size >= maxQueued) reader.dropOldest();
      reader.put(event);
    }
  }

  end(): void {
    this.#hasEnded = true;
    for (const [reader, release] of this.#subscribers) {
      release();
      reader.end();
    }
    this.#subscribers.clear();
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<RegistrationEvent, undefined> {
    const mailbox = new AsyncQueue<RegistrationEvent>();
    if (this.#hasEnded) mailbox.end();
    else this.#add(mailbox, signal);
    return {
      next: () => mailbox.take(),
      return: async () => {
        this.#subscribers.get(mailbox)?.();
        this.#subscribers.delete(mailbox);
        mailbox.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #add(mailbox: AsyncQueue<RegistrationEvent>, signal: AbortSignal | undefined): void {
    this.#subscribers.set(mailbox, () => {});
    const release = onAbort(signal, (reason) => {
      this.#subscribers.delete(mailbox);
      mailbox.discard(reason);
    });
    if (this.#subscribers.has(mailbox)) this.#subscribers.set(mailbox, release);
  }
}
