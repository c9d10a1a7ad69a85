import { CompactedError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { SessionContext } from '../context.js';
import type { StreamSlot } from '../stream/stream-slot.js';
import type { WatcherState } from '../watcher/watcher-state.js';

/**
 * Checks starts that are served from history by a member that may lose a delete there.
 *
 * Workaround (etcd before 3.4.36, 3.5.18; https://github.com/etcd-io/etcd/issues/18089,
 * https://github.com/etcd-io/etcd/issues/19179): etcd silently loses a delete at the compacted revision for a watch
 * that starts exactly there. Nothing is lost if the revision before the start can still be read. Remove when no
 * affected release is supported.
 */
export class StartChecks {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** A start above the store's revision needs no history. Revision 1 cannot be a delete. */
  onAcknowledged(state: WatcherState, headerRevision: Revision): void {
    const { requestedStart, uncheckedStart, slot } = state;
    const isFromHistory = headerRevision === 0n || requestedStart <= headerRevision;
    // An unchecked start of an earlier stream is lower, so its check covers this start too.
    if (isFromHistory && requestedStart > 1n) state.uncheckedStart = uncheckedStart ?? requestedStart;
    this.#requestCheck(state, slot?.losesDeletes);
  }

  /** The member's version is known now: requests the checks of watchers that were acknowledged before. */
  onServerVersion(slot: StreamSlot, losesDeletes: boolean): void {
    slot.setLosesDeletes(losesDeletes);
    for (const state of slot.watchers) this.#requestCheck(state, losesDeletes);
  }

  #requestCheck(state: WatcherState, losesDeletes: boolean | undefined): void {
    const { uncheckedStart: startRevision, key: watcher } = state;
    if (startRevision === undefined || losesDeletes === undefined) return;
    state.uncheckedStart = undefined;
    if (losesDeletes) this.#context.emit({ type: 'check-start', watcher, startRevision });
  }
}

/** The error of a watcher that may have missed a delete at its start. */
export function startCompactedError(startRevision: Revision): CompactedError {
  const text = `history up to revision ${startRevision}, where the watch starts, is compacted, and this release of etcd may lose a delete there (etcd#18089): list first, then watch from the list's revision + 1 (or use mirror())`;
  return new CompactedError(text, startRevision);
}
