import { CompactedError } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import type { WatchEffect } from './protocol.js';
import type { StreamSlot } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/**
 * etcd before 3.4.36 and 3.5.18 loses a delete at the compacted revision to a watch whose history is read from exactly
 * there (etcd#18089, etcd#19179), and does not say so. Where the member's release is known to do that, a start that
 * was served from history is to be checked: it is whole if the revision before it can still be read. Remove with the
 * support of these releases.
 */
export class StartChecks {
  readonly #emit: (effect: WatchEffect) => void;

  constructor(emit: (effect: WatchEffect) => void) {
    this.#emit = emit;
  }

  /** A watcher above the store's revision needs no history; neither does revision 1, which no delete ever had. */
  onAcknowledged(state: WatcherState, headerRevision: Revision): void {
    const { requestedStart: askedFrom, uncheckedStart, slot } = state;
    const isFromHistory = headerRevision === 0n || askedFrom <= headerRevision;
    // One of a stream that it left before the release was known is the lower one, and is checked here for both.
    if (isFromHistory && askedFrom > 1n) state.uncheckedStart = uncheckedStart ?? askedFrom;
    this.#requestCheck(state, slot?.losesDeletes);
  }

  /** The release became known: those who were acknowledged before are checked as well. */
  onServerVersion(slot: StreamSlot | undefined, losesDeletes: boolean): void {
    if (!slot) return;
    slot.setLosesDeletes(losesDeletes);
    for (const state of slot.watchers) this.#requestCheck(state, losesDeletes);
  }

  #requestCheck(state: WatcherState, losesDeletes: boolean | undefined): void {
    const { uncheckedStart: startRevision, key: watcher } = state;
    if (startRevision === undefined || losesDeletes === undefined) return;
    state.uncheckedStart = undefined;
    if (losesDeletes) this.#emit({ type: 'check-start', watcher, startRevision });
  }
}

/** The end of a watcher that may have missed a delete at its start. */
export function startCompactedError(startRevision: Revision): CompactedError {
  const text = `history up to revision ${startRevision}, where the watch starts, is compacted, and this release of etcd may lose a delete there (etcd#18089): list first, then watch from the list's revision + 1 (or use mirror())`;
  return new CompactedError(text, startRevision);
}
