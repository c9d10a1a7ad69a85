import type { EtcdError } from '../../errors/index.js';
import { streamFailureAction } from './failure-action.js';
import type { TokenGeneration, WatchEffect } from './protocol.js';
import { TokenWaiters } from './token-waiters.js';
import type { WatcherState } from './watcher-state.js';

/** How many fresh tokens may be refused in a row before the credentials count as bad. */
const maxTokenRefusals = 2;

/** What TokenRenewal uses of its session; see WatchSession. */
export interface TokenRenewalHost {
  emit(effect: WatchEffect): void;
  leave(state: WatcherState): void;
  replaceShared(): void;
  retry(state: WatcherState): void;
  scheduleRetry(state: WatcherState): void;
  finish(state: WatcherState, error: EtcdError): void;
}

/** The current token generation, and the watchers that wait for a new token because theirs was refused. */
export class TokenRenewal {
  readonly #host: TokenRenewalHost;
  readonly #waiters = new TokenWaiters();
  #generation: TokenGeneration = 0;

  constructor(host: TokenRenewalHost) {
    this.#host = host;
  }

  /** The generation of the current token. */
  get generation(): TokenGeneration {
    return this.#generation;
  }

  remove(state: WatcherState): void {
    this.#waiters.remove(state);
  }

  /**
   * The watcher's token was refused. One request for a new one serves all watchers; too many refusals end the watcher.
   */
  onTokenRefused(
    state: WatcherState,
    error: EtcdError,
    usedToken = state.slot?.generation ?? this.#generation,
  ): void {
    this.#host.leave(state);
    // A token with an old auth revision does not mean bad credentials: a role has changed since it was issued.
    const isOldRevision = error.reason === 'AuthOldRevision';
    if (!isOldRevision && state.countRefusedToken(usedToken) > maxTokenRefusals) {
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
      else this.#host.scheduleRetry(state); // there is no newer token; this one may be accepted later
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
