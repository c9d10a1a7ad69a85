import type { Revision, WatchEvent } from '../../../model/index.js';
import type { SessionContext } from '../context.js';
import { max, type WatchReply } from '../cursor.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import { reportDuplicates } from '../watcher/reports.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { isFarBehind, isFullCatchUpBatch, oversizedRevisionError } from './catch-up.js';
import type { RollbackChecks } from './rollback-checks.js';
import type { StartChecks } from './start-checks.js';

/** Handles the replies to a watcher that the server serves: acknowledgement, events and progress. */
export class Replies {
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;
  readonly #rollbacks: RollbackChecks;
  readonly #startChecks: StartChecks;
  /** How many bytes one revision may take in memory while its fragments arrive. */
  readonly #maxRevisionBytes: number;

  constructor(
    context: SessionContext,
    lifecycle: WatcherLifecycle,
    rollbacks: RollbackChecks,
    startChecks: StartChecks,
    maxRevisionBytes: number,
  ) {
    this.#context = context;
    this.#lifecycle = lifecycle;
    this.#rollbacks = rollbacks;
    this.#startChecks = startChecks;
    this.#maxRevisionBytes = maxRevisionBytes;
  }

  onAcknowledged(state: WatcherState, headerRevision: Revision): void {
    const first = state.readyRevision === undefined;
    state.clearRefusedTokens();
    // The member may lag behind the read that pinned the watcher.
    if (first) state.readyRevision = max(headerRevision, state.knownRevision);
    this.#lifecycle.apply(state, 'acknowledged');
    this.#startChecks.onAcknowledged(state, headerRevision);
    if (headerRevision > 0n && headerRevision < state.knownRevision) {
      this.#rollbacks.begin(state);
      return;
    }
    state.raiseKnownRevision(headerRevision);
    if (first && headerRevision > 0n) this.#isolateUnsynced(state, headerRevision);
  }

  /** Returns whether the reply advanced the watcher. */
  onEvents(state: WatcherState, reply: WatchReply & { kind: 'events' }): boolean {
    const events = state.applyEvents(reply);
    reportDuplicates(this.#context, state);
    const advanced = events.length > 0;
    if (advanced) {
      state.clearFailures();
      this.#context.emit({ type: 'deliver', watcher: state.key, events });
    }
    if (state.incompleteBytes > this.#maxRevisionBytes)
      this.#lifecycle.end(state, oversizedRevisionError(state.cursor, this.#maxRevisionBytes));
    else if (!reply.fragment) this.#onResponseEnd(state, reply.events, advanced);
    return advanced;
  }

  /** Returns whether the reply advanced the watcher. */
  onProgress(state: WatcherState, reply: WatchReply & { kind: 'progress' }): boolean {
    const advanced = state.applyProgress(reply);
    this.#context.emit({ type: 'progress', watcher: state.key, revision: state.cursor - 1n });
    if (state.cursor === reply.headerRevision + 1n) this.#onCaughtUp(state); // else the watcher starts in the future
    return advanced;
  }

  /** A watcher far behind or ahead of the store would block manual progress for the shared stream. */
  #isolateUnsynced(state: WatcherState, headerRevision: Revision): void {
    if (state.slot?.dedicated || !this.#lifecycle.slots.mayOpenDedicated) return;
    const ahead = state.cursor > headerRevision + 1n;
    if (ahead || isFarBehind(state.cursor, headerRevision)) this.#lifecycle.apply(state, 'isolated');
  }

  /**
   * Workaround (grpc-proxy of etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/9988): the proxy considers a watch
   * caught up after the first response, adds it to another watch, and drops the rest of its history. So the watcher is
   * created again. Remove when the proxy waits for the last response.
   */
  #onResponseEnd(state: WatcherState, events: readonly WatchEvent[], advanced: boolean): void {
    if (!isFullCatchUpBatch(events)) this.#onCaughtUp(state);
    // After a response without new events, a pause: the proxy would repeat that response immediately.
    else if (state.slot?.viaProxy) this.#lifecycle.apply(state, advanced ? 'truncated' : 'failed');
  }

  /** A watcher that has caught up joins the shared slot. */
  #onCaughtUp(state: WatcherState): void {
    if (state.slot?.dedicated) {
      this.#context.emit({ type: 'caught-up', watcher: state.key, revision: state.cursor - 1n });
      this.#lifecycle.apply(state, 'caught-up');
    }
  }
}
