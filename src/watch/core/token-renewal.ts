import type { EtcdError } from '../../errors/index.js';
import { streamFailureAction } from './failure-action.js';
import type { TokenGeneration, WatchEffect } from './protocol.js';
import { TokenWaiters } from './token-waiters.js';
import type { WatcherState } from './watcher-state.js';

/** Fresh tokens that may be turned down before the credentials themselves are taken for bad. */
const maxRefusedTokens = 2;

/** What becomes of watchers; see WatchSession. */
export interface TokenRenewalHost {
  emit(effect: WatchEffect): void;
  leave(state: WatcherState): void;
  replaceShared(): void;
  retry(state: WatcherState): void;
  scheduleRetry(state: WatcherState): void;
  finish(state: WatcherState, error: EtcdError): void;
}

/** The tokens that streams are opened with, and the watchers whose token is no longer taken. */
export class TokenRenewal {
  readonly #host: TokenRenewalHost;
  readonly #waiters = new TokenWaiters();
  #generation: TokenGeneration = 0;

  constructor(host: TokenRenewalHost) {
    this.#host = host;
  }

  /** Of the present token. */
  get generation(): TokenGeneration {
    return this.#generation;
  }

  remove(state: WatcherState): void {
    this.#waiters.remove(state);
  }

  /** Its token is no longer taken. One request serves all; who was turned down with fresh ones has bad credentials. */
  onTokenRefused(
    state: WatcherState,
    error: EtcdError,
    usedToken = state.slot?.generation ?? this.#generation,
  ): void {
    this.#host.leave(state);
    // One that became old while it was fetched says nothing about the credentials: roles change as often as they like.
    const isOldRevision = error.reason === 'AuthOldRevision';
    if (!isOldRevision && state.countRefusedToken(usedToken) > maxRefusedTokens) {
      this.#host.finish(state, error);
      return;
    }
    const pinning = state.phase === 'pinning';
    state.detach(pinning ? 'pinning' : 'retry-pending');
    if (usedToken < this.#generation) {
      this.#host.retry(state);
      return;
    }
    if (!this.#waiters.add(state)) return;
    this.#host.emit({ type: 'refresh-token', generation: usedToken, error });
  }

  onToken(generation: TokenGeneration): void {
    const isNewer = generation > this.#generation;
    if (isNewer) {
      this.#generation = generation;
      this.#host.replaceShared();
    }
    for (const state of this.#waiters.takeAll()) {
      if (isNewer) this.#host.retry(state);
      else this.#host.scheduleRetry(state); // asked for, and there is none yet: the one there is may be taken later
    }
  }

  onTokenFailed(error: EtcdError): void {
    for (const state of this.#waiters.takeAll()) {
      if (error.verdict === 'final' || streamFailureAction(error) !== 'resume')
        this.#host.finish(state, error);
      else this.#host.scheduleRetry(state);
    }
  }
}
