import type { Pacer } from '../../../async/pacer.js';
import type { EtcdError } from '../../../errors/index.js';
import type { CoreContext } from './context.js';
import { isFinal } from './fate.js';
import type { GrantedLease, LifePart, Outcome } from './life.js';
import type { RequestKey } from './protocol.js';

/**
 * The record is gone: by an operator's delete, or because its lease is gone as well? Asked until etcd answers or the
 * lease is over: a guess would undo an operator's order.
 */
export class Asking implements LifePart {
  readonly held: GrantedLease;
  readonly state = 'registering';
  readonly revision = undefined;
  readonly #context: CoreContext;
  readonly #pauses: Pacer;
  #askAt: number;
  #request: RequestKey | undefined;

  constructor(context: CoreContext, held: GrantedLease) {
    this.#context = context;
    this.held = held;
    this.#pauses = context.pacer();
    this.#askAt = context.now;
  }

  get due(): number {
    return this.#request === undefined ? this.#askAt : Number.POSITIVE_INFINITY;
  }

  proceed(): void {
    this.#request = this.#context.newRequest();
    this.#context.emit({ type: 'ask-lease', request: this.#request, lease: this.held.lease });
  }

  leaseAnswered(request: RequestKey, isAlive: boolean): Outcome | undefined {
    if (this.#request !== request) return undefined;
    return isAlive ? { type: 'deleted' } : { type: 'lease-lost', error: undefined };
  }

  failed(request: RequestKey, error: EtcdError): Outcome | undefined {
    if (this.#request !== request) return undefined;
    if (isFinal(error)) return { type: 'failed', error };
    const retryInMs = this.#pauses.nextDelayMs();
    this.#request = undefined;
    this.#askAt = this.#context.now + retryInMs;
    this.#context.failure(error, retryInMs);
    return undefined;
  }

  leaseEnded(error: EtcdError): Outcome {
    return { type: 'lease-lost', error };
  }

  written(): undefined {
    return undefined;
  }

  stateSeen(): undefined {
    return undefined;
  }

  isFollowing(): boolean {
    return false;
  }

  leave(): void {
    this.#context.cancel(this.#request);
    this.#request = undefined;
  }
}
