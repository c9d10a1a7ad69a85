import type { BackoffOptions } from '../../../async/backoff.js';
import { Pacer } from '../../../async/pacer.js';
import { DeadlineError, type EtcdError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { RegistrationEvent } from '../types.js';
import type { Claim } from './claim.js';
import type { InitialRegistration } from './initial-registration.js';
import { PendingUpdates } from './pending-updates.js';
import type { RegistrationEffect, RequestKey } from './protocol.js';

/** Jittered, so that a fleet that lost etcd together does not come back in one moment. */
export const retryBackoff: BackoffOptions = { baseMs: 200, maxMs: 5_000 };

/** What the parts of a registration's core share. */
export class CoreContext {
  readonly claim: Claim;
  readonly updates: PendingUpdates;
  readonly #random: () => number;
  now = 0;
  effects: RegistrationEffect[] = [];
  /** While the first record is waited for. */
  initial: InitialRegistration | undefined;
  registrations = 0;
  #lastError: EtcdError | undefined;
  #nextRequest = 1;

  constructor(claim: Claim, random: () => number) {
    this.claim = claim;
    this.#random = random;
    this.updates = new PendingUpdates((call, error) =>
      this.emit({ type: 'settle', call, ...withError(error) }),
    );
  }

  /** Before the first record a record of our address is that of this process, before it was restarted. */
  get isFirstRegistration(): boolean {
    return this.registrations === 0;
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

  /** It is tried again after that many milliseconds. */
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
    return new Pacer(retryBackoff, { now: () => this.now }, this.#random);
  }
}

export function withError(error: EtcdError | undefined): { readonly error?: EtcdError } {
  return error === undefined ? {} : { error };
}
