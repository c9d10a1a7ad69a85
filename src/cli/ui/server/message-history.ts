/** Limits of a {@link MessageHistory}. */
export interface HistoryLimits {
  readonly bytes: number;
  readonly messages: number;
}

/**
 * The last messages, by sequence number, encoded once for all pages. A page has no queue of its own: it reads from here at
 * its own speed, and gets a snapshot when the message that it needs is no longer kept.
 */
export class MessageHistory {
  readonly #limits: HistoryLimits;
  #messages: Buffer[] = [];
  #bytes = 0;
  #last = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** The sequence number of the last message. */
  get last(): number {
    return this.#last;
  }

  /** @param encode gets the sequence number of the message. */
  push(encode: (sequence: number) => Buffer): void {
    const message = encode(++this.#last);
    this.#messages.push(message);
    this.#bytes += message.length;
    while (this.#bytes > this.#limits.bytes || this.#messages.length > this.#limits.messages)
      this.#bytes -= this.#messages.shift()?.length ?? 0;
  }

  /** Drops all messages. No page can continue from an earlier one. */
  clear(): void {
    this.#last++;
    this.#messages = [];
    this.#bytes = 0;
  }

  /** Whether all messages after this one are kept. */
  continuesAfter(sequence: number): boolean {
    return sequence >= this.#last - this.#messages.length && sequence <= this.#last;
  }

  /** The message that follows; undefined if there is none, or if it is not kept. */
  next(sequence: number): Buffer | undefined {
    return this.#messages[sequence - (this.#last - this.#messages.length)];
  }
}
