import type { WatchEffect } from './protocol.js';
import type { WatcherState } from './watcher-state.js';

/** Reports, once, that a watcher whose stream was lost is live again. */
export function resumedStatus(state: WatcherState): readonly WatchEffect[] {
  const { lostOn: lane, key: watcher, cursor: fromRevision } = state;
  if (lane === undefined) return none;
  state.lostOn = undefined;
  return [{ type: 'status', status: { type: 'resumed', lane, watcher, fromRevision } }];
}

/** Reports the events that were kept from the watcher's reader since the last report. */
export function droppedStatus(state: WatcherState): readonly WatchEffect[] {
  const events = state.takeDropped();
  if (events === 0 || !state.lane) return none;
  return [{ type: 'status', status: { type: 'dropped', lane: state.lane.key, events } }];
}

const none: readonly WatchEffect[] = [];
