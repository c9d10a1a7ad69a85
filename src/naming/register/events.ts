import { Mailbox, onAbort } from '../../async/index.js';
import type { RegistrationEvent } from './types.js';

const mostWaiting = 1_000;

/** Hands each event to everyone who listens at that moment. */
export class RegistrationEvents {
  readonly #readers = new Set<Mailbox<RegistrationEvent>>();
  #over = false;

  tell(event: RegistrationEvent): void {
    for (const reader of this.#readers) {
      if (reader.size >= mostWaiting) reader.drop();
      reader.put(event);
    }
  }

  end(): void {
    this.#over = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  read(signal: AbortSignal | undefined): AsyncIterableIterator<RegistrationEvent, undefined> {
    const mailbox = new Mailbox<RegistrationEvent>();
    if (this.#over) mailbox.end();
    else this.#readers.add(mailbox);
    const release = onAbort(signal, (reason) => {
      this.#readers.delete(mailbox);
      mailbox.discard(reason);
    });
    return {
      next: () => mailbox.take(),
      return: async () => {
        release();
        this.#readers.delete(mailbox);
        mailbox.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
