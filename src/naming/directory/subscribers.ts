import { callSafely } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import type { ServiceSubscriber, ServiceView } from './view.js';

interface Entry {
  readonly subscriber: ServiceSubscriber;
  /** Whether it was called yet. */
  called: boolean;
}

/** What is known at the moment. */
export interface Knowledge {
  readonly view: ServiceView | undefined;
  readonly failure: EtcdError | undefined;
}

/** Those who follow one service. What any of them throws is its own affair, and ends nothing for the others. */
export class Subscribers {
  readonly #entries = new Set<Entry>();
  readonly #known: () => Knowledge;
  readonly #onThrow: (error: EtcdError) => void;

  constructor(known: () => Knowledge, onThrow: (error: EtcdError) => void) {
    this.#known = known;
    this.#onThrow = onThrow;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Calls back with what is known, soon and never from in here. Returns what removes it, once: whether it was there. */
  add(subscriber: ServiceSubscriber): () => boolean {
    const entry = { subscriber, called: false }; // a new one for each time: the same object may be given twice
    this.#entries.add(entry);
    setImmediate(() => {
      if (entry.called || !this.#entries.has(entry)) return;
      entry.called = true;
      const { view, failure } = this.#known();
      if (view) this.#call(() => subscriber.view(view));
      else if (failure) this.#call(() => subscriber.failure(failure));
    });
    return () => this.#entries.delete(entry);
  }

  view(view: ServiceView): void {
    this.#callAll((subscriber) => subscriber.view(view));
  }

  failure(error: EtcdError): void {
    this.#callAll((subscriber) => subscriber.failure(error));
  }

  #callAll(callback: (subscriber: ServiceSubscriber) => unknown): void {
    for (const entry of [...this.#entries]) {
      entry.called = true;
      this.#call(() => callback(entry.subscriber));
    }
  }

  #call(callback: () => unknown): void {
    callSafely(callback, (error) => this.#onThrow(toEtcdError(error)));
  }
}
