import { DeadlineError, type EtcdError } from '../../../errors/index.js';
import type { CallKey } from './protocol.js';

interface PendingUpdate {
  /** The number of the change that it asked for. */
  readonly change: number;
  readonly deadline: number;
  readonly timeoutMs: number;
}

/** The owner's calls that wait for their change to be stored. */
export class PendingUpdates {
  readonly #calls = new Map<CallKey, PendingUpdate>();
  readonly #settle: (call: CallKey, error?: EtcdError) => void;

  constructor(settle: (call: CallKey, error?: EtcdError) => void) {
    this.#settle = settle;
  }

  get nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.#calls.values()) next = Math.min(next, deadline);
    return next;
  }

  add(call: CallKey, change: number, timeoutMs: number, now: number): void {
    this.#calls.set(call, { change, deadline: now + timeoutMs, timeoutMs });
  }

  remove(call: CallKey): void {
    this.#calls.delete(call);
  }

  /** What became of the changes up to that one. */
  settle(upTo: number, error?: EtcdError): void {
    for (const [key, { change }] of this.#calls) if (change <= upTo) this.#finish(key, error);
  }

  /** That change alone is not stored, and never will be. */
  reject(refused: number, error: EtcdError): void {
    for (const [key, { change }] of this.#calls) if (change === refused) this.#finish(key, error);
  }

  settleAll(error: EtcdError): void {
    this.settle(Number.POSITIVE_INFINITY, error);
  }

  /** Ends the calls whose time is over; what they asked for stays desired. */
  rejectLate(key: string, now: number, cause: EtcdError | undefined): void {
    for (const [call, { deadline, timeoutMs }] of this.#calls) {
      if (now < deadline) continue;
      const why = cause ? `: ${cause.message}` : '';
      const text = `'${key}' was not updated within ${timeoutMs} ms; the update stays desired and is stored as soon as it can be${why}`;
      this.#finish(call, new DeadlineError(text, { cause }));
    }
  }

  #finish(call: CallKey, error: EtcdError | undefined): void {
    this.#calls.delete(call);
    this.#settle(call, error);
  }
}
