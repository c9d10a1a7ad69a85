import { Code, errorFromServer } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import { max } from '../cursor.js';
import type { SlotOutcome } from '../stream/slot-outcome.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { historyCompactedError } from './catch-up.js';
import { watcherFailureAction } from './failure-action.js';
import { startCompactedError } from './start-checks.js';
import type { TokenRenewal } from './token-renewal.js';

/** Decides what happens after the server has cancelled or refused a watcher, or has compacted history that it needs. */
export class Cancellations {
  readonly #lifecycle: WatcherLifecycle;
  readonly #tokens: TokenRenewal;

  constructor(lifecycle: WatcherLifecycle, tokens: TokenRenewal) {
    this.#lifecycle = lifecycle;
    this.#tokens = tokens;
  }

  onCancelled({ state, reply, generation }: SlotOutcome & { kind: 'cancelled' }): void {
    const { compactRevision, reason } = reply;
    this.#lifecycle.apply(state, 'server-cancelled');
    if (compactRevision > 0n) {
      this.#onCompacted(state, compactRevision);
      return;
    }
    const error = errorFromServer(Code.UNKNOWN, reason || 'the server cancelled the watch without a reason');
    const action = watcherFailureAction(error);
    if (action === 'reauthenticate') this.#tokens.onRefused(state, error, generation);
    else if (action === 'resume') this.#lifecycle.apply(state, 'failed');
    else this.#lifecycle.end(state, error);
  }

  /** A delete at the start may be lost. A watcher that was not promised this delete is pinned again; any other one ends. */
  onStartCompacted(state: WatcherState, startRevision: Revision): void {
    if (state.readyRevision === undefined) return;
    if (!state.canRepin(startRevision + 1n)) {
      this.#lifecycle.end(state, startCompactedError(startRevision));
      return;
    }
    state.pin(max(state.readyRevision, state.cursor - 1n));
    this.#lifecycle.apply(state, 'pin-moved');
  }

  #onCompacted(state: WatcherState, compactRevision: Revision): void {
    if (compactRevision <= state.cursor) {
      this.#lifecycle.apply(state, 'failed'); // only history below the cursor is compacted, so a retry can succeed
    } else if (!state.canRepin(compactRevision)) {
      this.#lifecycle.end(state, historyCompactedError(state.cursor, compactRevision));
    } else if (state.readyRevision !== undefined) {
      // Revisions after readyRevision are promised, and a new pin could be beyond some of them.
      state.pin(state.readyRevision);
      this.#lifecycle.apply(state, 'pin-moved');
    } else {
      state.dropPin();
      this.#lifecycle.retry(state);
    }
  }
}
