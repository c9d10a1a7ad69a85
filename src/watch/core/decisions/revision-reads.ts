import { type EtcdError, RolledBackError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { SessionContext } from '../context.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { streamFailureAction } from './failure-action.js';
import type { TokenRenewal } from './token-renewal.js';

/** Reads of the store's revision: to pin "from now on", or to check for a rollback. */
export class RevisionReads {
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;
  readonly #tokens: TokenRenewal;

  constructor(context: SessionContext, lifecycle: WatcherLifecycle, tokens: TokenRenewal) {
    this.#context = context;
    this.#lifecycle = lifecycle;
    this.#tokens = tokens;
  }

  onRevision(state: WatcherState, revision: Revision): void {
    if (state.phase === 'pinning') {
      state.pin(revision);
      this.#lifecycle.apply(state, 'pinned');
    } else if (state.rollbackFloor !== undefined && revision < state.rollbackFloor) {
      this.#lifecycle.end(state, new RolledBackError(state.rollbackFloor, revision));
    } else if (state.endRollbackCheck()) {
      this.beginRollbackCheck(state);
    }
  }

  onFailed(state: WatcherState, error: EtcdError): void {
    const action = streamFailureAction(error);
    if (state.phase !== 'pinning') {
      state.endRollbackCheck();
      this.#lifecycle.apply(state, 'check-failed');
    } else if (action === 'reauthenticate') this.#tokens.onRefused(state, error);
    else if (error.verdict === 'final' || action === 'end') this.#lifecycle.end(state, error);
    else this.#lifecycle.apply(state, 'failed');
  }

  /** Either the store was rolled back or a member lags behind: a linearizable read decides. */
  beginRollbackCheck(state: WatcherState): void {
    if (state.beginRollbackCheck()) this.#context.emit({ type: 'read-revision', watcher: state.key });
  }
}
