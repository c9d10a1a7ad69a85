import type { EtcdError } from '../../errors/index.js';
import type { SessionContext } from './context.js';
import type { TokenGeneration } from './protocol.js';
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

/** The watchers whose token was refused. One request for a new token serves all of them. */
export class TokenRenewal {
  readonly #context: SessionContext;
  readonly #waiting = new Set<WatcherState>();
  #isRequested = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  onRefused(state: WatcherState, error: EtcdError, generation: TokenGeneration): RefusalAction {
    // A token with an old auth revision does not mean bad credentials: a role has changed since it was issued.
    const isOldRevision = error.reason === 'AuthOldRevision';
    if (!isOldRevision && state.countRefusedToken(generation) > maxTokenRefusals) return 'end';
    return generation < this.#context.tokenGeneration ? 'retry' : 'wait';
  }

  /** Requests a newer token than the refused one, unless one is requested. */
  request(generation: TokenGeneration, error: EtcdError): void {
    if (this.#isRequested) return;
    this.#isRequested = true;
    this.#context.emit({ type: 'refresh-token', generation, error });
  }

  /** Returns whether that token is newer than the current one, which it then replaces. */
  onToken(generation: TokenGeneration): boolean {
    const isNewer = generation > this.#context.tokenGeneration;
    if (isNewer) this.#context.tokenGeneration = generation;
    return isNewer;
  }

  wait(state: WatcherState): void {
    this.#waiting.add(state);
  }

  remove(state: WatcherState): void {
    this.#waiting.delete(state);
  }

  /** Ends the request, whatever its result, and returns the watchers that waited for it. */
  takeWaiting(): readonly WatcherState[] {
    this.#isRequested = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}
