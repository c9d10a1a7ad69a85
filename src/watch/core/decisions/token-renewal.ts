import type { EtcdError } from '../../../errors/index.js';
import type { SessionContext } from '../context.js';
import type { TokenGeneration } from '../protocol.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { streamFailureAction } from './failure-action.js';

/** How many fresh tokens may be refused in a row before the credentials count as bad. */
const maxTokenRefusals = 2;

/** Decides what happens when a watcher's token is refused, and when a new token is available or cannot be obtained. */
export class TokenRenewal {
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;

  constructor(context: SessionContext, lifecycle: WatcherLifecycle) {
    this.#context = context;
    this.#lifecycle = lifecycle;
  }

  /** Requests a newer token than the refused one, unless there is one or too many were refused. */
  onRefused(
    state: WatcherState,
    error: EtcdError,
    generation: TokenGeneration = state.slot?.generation ?? this.#context.tokenGeneration,
  ): void {
    // A token with an old auth revision does not mean bad credentials: a role has changed since it was issued.
    const isOldRevision = error.reason === 'AuthOldRevision';
    if (!isOldRevision && state.countRefusedToken(generation) > maxTokenRefusals) {
      this.#lifecycle.end(state, error);
    } else if (generation < this.#context.tokenGeneration) {
      this.#lifecycle.retry(state);
    } else {
      this.#lifecycle.apply(state, 'token-refused');
      if (this.#lifecycle.tokenWaiters.beginRequest())
        this.#context.emit({ type: 'refresh-token', generation, error });
    }
  }

  onToken(generation: TokenGeneration): void {
    const isNewer = generation > this.#context.tokenGeneration;
    if (isNewer) {
      this.#context.tokenGeneration = generation;
      this.#lifecycle.slots.replaceShared();
    }
    for (const state of this.#lifecycle.tokenWaiters.takeAll()) {
      if (isNewer) this.#lifecycle.retry(state);
      else this.#lifecycle.apply(state, 'failed'); // there is no newer token; this one may be accepted later
    }
  }

  onTokenFailed(error: EtcdError): void {
    const isFinal = error.verdict === 'final' || streamFailureAction(error) !== 'resume';
    for (const state of this.#lifecycle.tokenWaiters.takeAll()) {
      if (isFinal) this.#lifecycle.end(state, error);
      else this.#lifecycle.apply(state, 'failed');
    }
  }
}
