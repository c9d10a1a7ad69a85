import { callSafely } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import type { ServiceSubscriber, ServiceView } from './view.js';

interface Subscription {
  readonly subscriber: ServiceSubscriber;
  /** Whether it was called yet. */
  called: boolean;
}

/** What is current at the moment. */
export interface KnownState {
  readonly view: ServiceView | undefined;
  readonly failure: EtcdError | undefined;
}

/** Those who follow one service. What any of them throws is its own affair, and ends nothing for the others. */
export class Subscribers {
  readonly #subscriptions = new Set<Subscription>();
  readonly #current: () => KnownState;
  readonly #onThrow: (error: EtcdError) => void;

  constructor(current: () => KnownState, onThrow: (error: EtcdError) => void) {
    this.#current = current;
    this.#onThrow = onThrow;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Calls back with what is current, soon and never from in here. Returns what removes it, once: whether it was there. */
  add(subscriber: ServiceSubscriber): () => boolean {
    const subscription = { subscriber, called: false }; // a new one for each time: the same object may be given twice
    this.#subscriptions.add(subscription);
    setImmediate(() => {
      if (subscription.called || !this.#subscriptions.has(subscription)) return;
      subscription.called = true;
      const { view: notifyView, failure: notifyFailure } = this.#current();
      if (notifyView) this.#call(() => subscriber.onView(notifyView));
      else if (notifyFailure) this.#call(() => subscriber.onFailure(notifyFailure));
    });
    return () => this.#subscriptions.delete(subscription);
  }

  view(view: ServiceView): void {
    this.#callAll((subscriber) => subscriber.onView(view));
  }

  failure(error: EtcdError): void {
    this.#callAll((subscriber) => subscriber.onFailure(error));
  }

  #callAll(callback: (subscriber: ServiceSubscriber) => unknown): void {
    for (const subscription of [...this.#subscriptions]) {
      subscription.called = true;
      this.#call(() => callback(subscription.subscriber));
    }
  }

  #call(callback: () => unknown): void {
    callSafely(callback, (error) => this.#onThrow(toEtcdError(error)));
  }
}
