import type { BackoffOptions } from '../../../async/time/backoff.js';
import { Pacer } from '../../../async/time/pacer.js';
import { DeadlineError, type EtcdError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { RegistrationEvent } from '../types.js';
import type { InitialRegistration } from './initial-registration.js';
import type { RegistrationEffect, RequestKey } from './protocol.js';
import type { Claim } from './record/claim.js';
import { PendingUpdates } from './record/pending-updates.js';

/** With jitter, so that the processes that lost etcd together do not retry together. */
export const retryBackoff: BackoffOptions = { baseMs: 200, maxMs: 5_000 };

/** State and helpers that the parts of the core share. */
export class CoreContext {
  readonly claim: Claim;
  readonly updates: PendingUpdates;
  readonly #random: () => number;
  now = 0;
  readonly #clock = { now: () => this.now };
  effects: RegistrationEffect[] = [];
  /** Set until the first record is stored or `start` fails. */
  initial: InitialRegistration | undefined;
  registrationCount = 0;
  #lastError: EtcdError | undefined;
  #nextRequest = 1;

  constructor(claim: Claim, random: () => number) {
    this.claim = claim;
    this.#random = random;
    this.updates = new PendingUpdates((call, error) =>
      this.emit({ type: 'settle', call, ...withError(error) }),
    );
  }

  /** Before the first write, a record with our address counts as this process's own, from before a restart. */
  get isFirstRegistration(): boolean {
    return this.registrationCount === 0;
  }

  get lastError(): EtcdError | undefined {
    return this.#lastError;
  }

  set lastError(error: EtcdError | undefined) {
    // While register() waits, its deadline ends its last call, whose error says less than the one before it.
    const isOwnDeadline = this.initial !== undefined && error instanceof DeadlineError;
    if (!isOwnDeadline || this.#lastError === undefined) this.#lastError = error;
  }

  emit(effect: RegistrationEffect): void {
    this.effects.push(effect);
  }

  emitEvent(event: RegistrationEvent): void {
    this.emit({ type: 'event', event });
  }

  /** Reports a failure that is retried after `retryInMs`. */
  reportFailure(error: EtcdError, retryInMs: number): void {
    this.lastError = error;
    this.emitEvent({ type: 'failure', error, retryInMs });
  }

  newRequest(): RequestKey {
    return this.#nextRequest++;
  }

  cancel(request: RequestKey | undefined): void {
    if (request !== undefined) this.emit({ type: 'cancel', request });
  }

  follow(from: Revision): RequestKey {
    const request = this.newRequest();
    this.emit({ type: 'follow', request, from });
    return request;
  }

  newPacer(): Pacer {
    return new Pacer(retryBackoff, this.#clock, this.#random);
  }
}

export function withError(error: EtcdError | undefined): { readonly error?: EtcdError } {
  return error === undefined ? {} : { error };
}
