import { callSafely } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import type { ServiceSubscriber, ServiceView } from './view.js';

interface Subscription {
  readonly subscriber: ServiceSubscriber;
  /** Whether the subscriber has been called. */
  called: boolean;
}

/** What the service currently knows. */
export interface KnownState {
  readonly view: ServiceView | undefined;
  readonly failure: EtcdError | undefined;
}

/** The subscribers of one service. An exception in one subscriber does not affect the others. */
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

  /** Calls back asynchronously with what is known. The returned function unsubscribes and returns whether it was the first call. */
  add(subscriber: ServiceSubscriber): () => boolean {
    const subscription = { subscriber, called: false }; // one per call: the same object may subscribe twice
    this.#subscriptions.add(subscription);
    setImmediate(() => {
      if (subscription.called || !this.#subscriptions.has(subscription)) return;
      subscription.called = true;
      const { view, failure } = this.#current();
      if (view) this.#call(() => subscriber.onView(view));
      else if (failure) this.#call(() => subscriber.onFailure(failure));
    });
    return () => this.#subscriptions.delete(subscription);
  }

  notifyView(view: ServiceView): void {
    this.#callAll((subscriber) => subscriber.onView(view));
  }

  notifyFailure(error: EtcdError): void {
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
