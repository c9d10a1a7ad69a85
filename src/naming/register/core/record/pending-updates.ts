import { DeadlineError, type EtcdError } from '../../../../errors/index.js';
import type { CallKey } from '../protocol.js';
import type { ChangeNumbers } from './desired-endpoint.js';

interface PendingUpdate {
  /** The number of the requested change. */
  readonly change: number;
  readonly deadline: number;
  readonly timeoutMs: number;
}

/** The owner's `update()` and `drain()` calls that wait until their change is stored. */
export class PendingUpdates {
  readonly #updates = new Map<CallKey, PendingUpdate>();
  readonly #settle: (call: CallKey, error?: EtcdError) => void;

  constructor(settle: (call: CallKey, error?: EtcdError) => void) {
    this.#settle = settle;
  }

  get nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.#updates.values()) next = Math.min(next, deadline);
    return next;
  }

  add(call: CallKey, change: number, timeoutMs: number, now: number): void {
    this.#updates.set(call, { change, deadline: now + timeoutMs, timeoutMs });
  }

  remove(call: CallKey): void {
    this.#updates.delete(call);
  }

  /** Settles the calls of all changes up to this number. */
  settle(upTo: number, error?: EtcdError): void {
    for (const [key, { change }] of this.#updates) if (change <= upTo) this.#finish(key, error);
  }

  /** Rejects the calls of changes that etcd will never store, by the numbers of the first and the last one. */
  reject({ first, last }: ChangeNumbers, error: EtcdError): void {
    for (const [key, { change }] of this.#updates)
      if (change >= first && change <= last) this.#finish(key, error);
  }

  settleAll(error: EtcdError): void {
    this.settle(Number.POSITIVE_INFINITY, error);
  }

  /** Rejects the calls whose deadline has passed. Their changes stay desired. */
  rejectLate(key: string, now: number, cause: EtcdError | undefined): void {
    for (const [call, { deadline, timeoutMs }] of this.#updates) {
      if (now < deadline) continue;
      const why = cause ? `: ${cause.message}` : '';
      const text = `'${key}' was not updated within ${timeoutMs} ms; the update stays desired and is stored as soon as it can be${why}`;
      this.#finish(call, new DeadlineError(text, { cause }));
    }
  }

  #finish(call: CallKey, error: EtcdError | undefined): void {
    this.#updates.delete(call);
    this.#settle(call, error);
  }
}
