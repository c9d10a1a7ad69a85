import type { EtcdError } from '../../errors/index.js';
import { streamFailureAction } from './failure-action.js';
import type { Generation, WatchEffect } from './protocol.js';
import { TokenWaiters } from './token-waiters.js';
import type { WatcherState } from './watcher-state.js';

/** Fresh tokens that may be turned down before the credentials themselves are taken for bad. */
const maxTokensRefused = 2;

/** What becomes of watchers; see WatchSession. */
export interface TokenRenewalHost {
  emit(effect: WatchEffect): void;
  leave(state: WatcherState): void;
  renewShared(): void;
  again(state: WatcherState): void;
  rest(state: WatcherState): void;
  finish(state: WatcherState, error: EtcdError): void;
}

/** The tokens that streams are opened with, and the watchers whose token is no longer taken. */
export class TokenRenewal {
  readonly #host: TokenRenewalHost;
  readonly #tokenless = new TokenWaiters();
  #generation: Generation = 0;

  constructor(host: TokenRenewalHost) {
    this.#host = host;
  }

  /** Of the present token. */
  get generation(): Generation {
    return this.#generation;
  }

  remove(state: WatcherState): void {
    this.#tokenless.remove(state);
  }

  /** Its token is no longer taken. One request serves all; who was turned down with fresh ones has bad credentials. */
  refused(
    state: WatcherState,
    error: EtcdError,
    usedToken = state.slot?.generation ?? this.#generation,
  ): void {
    this.#host.leave(state);
    // One that became old while it was fetched says nothing about the credentials: roles change as often as they like.
    const isPassing = error.reason === 'AuthOldRevision';
    if (!isPassing && state.refuse(usedToken) > maxTokensRefused) {
      this.#host.finish(state, error);
      return;
    }
    const pinning = state.phase === 'pinning';
    state.detach(pinning ? 'pinning' : 'resting');
    if (usedToken < this.#generation) {
      this.#host.again(state);
      return;
    }
    if (!this.#tokenless.add(state)) return;
    this.#host.emit({ type: 'refresh-token', generation: usedToken, error });
  }

  renewed(generation: Generation): void {
    const isNewer = generation > this.#generation;
    if (isNewer) {
      this.#generation = generation;
      this.#host.renewShared();
    }
    for (const state of this.#tokenless.takeAll()) {
      if (isNewer) this.#host.again(state);
      else this.#host.rest(state); // asked for, and there is none yet: the one there is may be taken later
    }
  }

  failed(error: EtcdError): void {
    for (const state of this.#tokenless.takeAll()) {
      if (error.verdict === 'final' || streamFailureAction(error) !== 'resume')
        this.#host.finish(state, error);
      else this.#host.rest(state);
    }
  }
}
