import type { EtcdError } from '../../errors/index.js';
import type { SessionContext } from './context.js';
import type { TokenGeneration } from './protocol.js';
import { TokenWaiters } from './token-waiters.js';
import type { WatcherState } from './watcher-state.js';

/** How many fresh tokens may be refused in a row before the credentials count as bad. */
const maxTokenRefusals = 2;

/**
 * What follows for a watcher whose token was refused.
 * - `wait`: for a new token;
 * - `retry`: with the current token, which is newer;
 * - `end`: too many tokens were refused.
 */
export type RefusalAction = 'wait' | 'retry' | 'end';

/** The watchers that wait for a new token because theirs was refused. */
export class TokenRenewal {
  readonly #context: SessionContext;
  readonly #waiters = new TokenWaiters();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  remove(state: WatcherState): void {
    this.#waiters.remove(state);
  }

  /** One request for a new token serves all watchers that wait. */
  onRefused(state: WatcherState, error: EtcdError, generation: TokenGeneration): RefusalAction {
    // A token with an old auth revision does not mean bad credentials: a role has changed since it was issued.
    const isOldRevision = error.reason === 'AuthOldRevision';
    if (!isOldRevision && state.countRefusedToken(generation) > maxTokenRefusals) return 'end';
    if (generation < this.#context.tokenGeneration) return 'retry';
    if (this.#waiters.add(state)) this.#context.emit({ type: 'refresh-token', generation, error });
    return 'wait';
  }

  /** Returns whether that token is newer than the current one, which it then replaces. */
  onToken(generation: TokenGeneration): boolean {
    const isNewer = generation > this.#context.tokenGeneration;
    if (isNewer) this.#context.tokenGeneration = generation;
    return isNewer;
  }

  /** Ends the request, whatever its result, and returns the watchers that waited for it. */
  takeWaiting(): readonly WatcherState[] {
    return this.#waiters.takeAll();
  }
}
