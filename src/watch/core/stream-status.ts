import type { WatchEffect } from './protocol.js';
import type { WatcherState } from './watcher-state.js';

/** Reports once that a watcher is live again after the loss of its stream. */
export function resumedStatus(state: WatcherState): readonly WatchEffect[] {
  const { lostSlot: slot, key: watcher, cursor: fromRevision } = state;
  if (slot === undefined) return none;
  state.lostSlot = undefined;
  return [{ type: 'status', status: { type: 'resumed', slot, watcher, fromRevision } }];
}

/** Reports the duplicate events that were not delivered since the last report. */
export function duplicatesStatus(state: WatcherState): readonly WatchEffect[] {
  const events = state.takeDuplicates();
  if (events === 0 || !state.slot) return none;
  return [{ type: 'status', status: { type: 'duplicates-dropped', slot: state.slot.key, events } }];
}

const none: readonly WatchEffect[] = [];
