import { channel } from 'node:diagnostics_channel';
import { AsyncQueue, type Clock, onAbort } from '../async/index.js';
import type { EtcdError } from '../errors/index.js';
import { type Revision, withJson } from '../model/index.js';
import type { StreamStatus } from '../watch/index.js';
import type { MemberEvent } from '../wire/index.js';

/**
 * What happens behind the calls: to the client's watch streams (`stream` numbers them, a reopened one keeping its number)
 * and to the members it talks to.
 */
export type StatusEvent =
  | { readonly type: 'disconnected'; readonly stream: number; readonly error: EtcdError }
  /** `attempt`: 1 for the first try after the loss, which follows after `delayMs`. */
  | {
      readonly type: 'reopening';
      readonly stream: number;
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** A watcher goes on from `fromRevision`, `downMs` after its stream was lost. */
  | {
      readonly type: 'resumed';
      readonly stream: number;
      readonly fromRevision: Revision;
      readonly downMs: number;
    }
  /** A server broke its promise and sent `events` old events again; they were kept from the reader. */
  | { readonly type: 'duplicates-dropped'; readonly stream: number; readonly events: number }
  /** `member-unhealthy`: stepped around until it was probed; `member-recovered`: taken back; `members-changed`: by a sync. */
  | MemberEvent
  /** The member list could not be followed; it is tried again after the interval. */
  | { readonly type: 'sync-failed'; readonly error: EtcdError };

/** Who subscribes to it pays for it, nobody else. */
const published = channel('etcd-naming:status');
const mostWaiting = 1_000;

/** Hands each event to everyone who listens now. */
export class StatusFeed {
  readonly #clock: Clock;
  /** With what lets go of each one's signal. */
  readonly #subscribers = new Map<AsyncQueue<StatusEvent>, () => void>();
  /** The last of each stream. */
  readonly #outages = new Map<number, { readonly since: number; over: boolean }>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watchStream(status: StreamStatus): void {
    const now = this.#clock.now();
    switch (status.type) {
      case 'disconnected':
        // The attempts are counted on until the stream has proved itself, which takes longer than going on.
        if (status.attempt === 1 || this.#outages.get(status.slot)?.over !== false)
          this.#outages.set(status.slot, { since: now, over: false });
        this.#publish({ type: 'disconnected', stream: status.slot, error: status.error });
        return;
      case 'reopening':
        this.#publish({
          type: 'reopening',
          stream: status.slot,
          attempt: status.attempt,
          delayMs: status.delayMs,
        });
        return;
      case 'duplicates-dropped':
        this.#publish({ type: 'duplicates-dropped', stream: status.slot, events: status.events });
        return;
      case 'resumed': {
        const outage = this.#outages.get(status.slot);
        if (outage) outage.over = true;
        const { slot: stream, fromRevision } = status;
        this.#publish(
          withJson({ type: 'resumed', stream, fromRevision, downMs: now - (outage?.since ?? now) }),
        );
      }
    }
  }

  member(event: MemberEvent): void {
    this.#publish(event);
  }

  syncFailed(error: EtcdError): void {
    this.#publish({ type: 'sync-failed', error });
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<StatusEvent, undefined> {
    const mailbox = new AsyncQueue<StatusEvent>();
    if (this.#closed) mailbox.end();
    else this.#join(mailbox, signal);
    return {
      next: () => mailbox.take(),
      return: async () => {
        this.#leave(mailbox);
        mailbox.discard();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const mailbox of [...this.#subscribers.keys()]) {
      this.#leave(mailbox);
      mailbox.end();
    }
  }

  #join(mailbox: AsyncQueue<StatusEvent>, signal: AbortSignal | undefined): void {
    const release = onAbort(signal, (reason) => {
      this.#subscribers.delete(mailbox);
      mailbox.discard(reason);
    });
    if (!signal?.aborted) this.#subscribers.set(mailbox, release);
  }

  #leave(mailbox: AsyncQueue<StatusEvent>): void {
    this.#subscribers.get(mailbox)?.();
    this.#subscribers.delete(mailbox);
  }

  #publish(event: StatusEvent): void {
    if (published.hasSubscribers) published.publish(event);
    for (const mailbox of this.#subscribers.keys()) {
      if (mailbox.size >= mostWaiting) mailbox.dropOldest();
      mailbox.put(event);
    }
  }
}
