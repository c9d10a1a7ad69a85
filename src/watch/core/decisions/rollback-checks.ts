import { RolledBackError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { SessionContext } from '../context.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';

/** Reads of the store's revision that decide whether the store was rolled back. Each is for one watcher. */
export class RollbackChecks {
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;

  constructor(context: SessionContext, lifecycle: WatcherLifecycle) {
    this.#context = context;
    this.#lifecycle = lifecycle;
  }

  /** Either the store was rolled back or a member lags behind: a linearizable read decides. */
  begin(state: WatcherState): void {
    if (state.beginRollbackCheck()) this.#context.emit({ type: 'read-revision', watcher: state.key });
  }

  onRevision(state: WatcherState, revision: Revision): void {
    if (state.rollbackFloor === undefined) return;
    if (revision < state.rollbackFloor) {
      this.#lifecycle.end(state, new RolledBackError(state.rollbackFloor, revision));
    } else if (state.endRollbackCheck()) {
      this.begin(state);
    }
  }

  onFailed(state: WatcherState): void {
    if (state.rollbackFloor === undefined) return;
    state.endRollbackCheck();
    this.#lifecycle.apply(state, 'check-failed');
  }
}
