import { AsyncQueue, onAbort } from '../../async/index.js';
import type { RegistrationEvent } from './types.js';

const mostWaiting = 1_000;

/** Hands each event to everyone who listens at that moment. */
export class RegistrationEvents {
  /** With what lets go of each one's signal. */
  readonly #readers = new Map<AsyncQueue<RegistrationEvent>, () => void>();
  #over = false;

  tell(event: RegistrationEvent): void {
    for (const reader of this.#readers.keys()) {
      if (reader.size >= mostWaiting) reader.dropOldest();
      reader.put(event);
    }
  }

  end(): void {
    this.#over = true;
    for (const [reader, release] of this.#readers) {
      release();
      reader.end();
    }
    this.#readers.clear();
  }

  read(signal: AbortSignal | undefined): AsyncIterableIterator<RegistrationEvent, undefined> {
    const mailbox = new AsyncQueue<RegistrationEvent>();
    if (this.#over) mailbox.end();
    else this.#follow(mailbox, signal);
    return {
      next: () => mailbox.take(),
      return: async () => {
        this.#readers.get(mailbox)?.();
        this.#readers.delete(mailbox);
        mailbox.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #follow(mailbox: AsyncQueue<RegistrationEvent>, signal: AbortSignal | undefined): void {
    this.#readers.set(mailbox, () => {});
    const release = onAbort(signal, (reason) => {
      this.#readers.delete(mailbox);
      mailbox.discard(reason);
    });
    if (this.#readers.has(mailbox)) this.#readers.set(mailbox, release);
  }
}
