import { Broadcast, callSafely } from '../../../async/index.js';
import { type EtcdError, toEtcdError } from '../../../errors/index.js';
import type { ServiceSubscriber, ServiceView } from './view.js';

/** The current view and failure of a service. */
export interface KnownState {
  readonly view: ServiceView | undefined;
  readonly failure: EtcdError | undefined;
}

type Notify = (subscriber: ServiceSubscriber) => unknown;

/** The subscribers of one service. An exception in one subscriber does not affect the others. */
export class Subscribers {
  readonly #notices = new Broadcast<Notify>();
  readonly #current: () => KnownState;
  readonly #onThrow: (error: EtcdError) => void;

  constructor(current: () => KnownState, onThrow: (error: EtcdError) => void) {
    this.#current = current;
    this.#onThrow = onThrow;
  }

  get size(): number {
    return this.#notices.size;
  }

  /**
   * Adds a subscriber, and calls it asynchronously with the current view or failure. The returned function unsubscribes;
   * its first call returns true.
   */
  add(subscriber: ServiceSubscriber): () => boolean {
    const call = (notify: Notify) => {
      clearImmediate(first);
      callSafely(
        () => notify(subscriber),
        (error) => this.#onThrow(toEtcdError(error)),
      );
    };
    const remove = this.#notices.listen(call);
    const first = setImmediate(() => {
      const { view, failure } = this.#current();
      if (view) call((one) => one.onView(view));
      else if (failure) call((one) => one.onFailure(failure));
    });
    return () => {
      clearImmediate(first);
      return remove();
    };
  }

  notifyView(view: ServiceView): void {
    this.#notices.publish((subscriber) => subscriber.onView(view));
  }

  notifyFailure(error: EtcdError): void {
    this.#notices.publish((subscriber) => subscriber.onFailure(error));
  }
}
