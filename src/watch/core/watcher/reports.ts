import type { InterruptionCause } from '../../../diagnostics/topics/watch.js';
import type { SessionContext } from '../context.js';
import type { WatcherState } from './watcher-state.js';

/** Reports that a live watcher is no longer on an open stream. Does nothing unless it was last reported as live. */
export function reportInterrupted(
  context: SessionContext,
  state: WatcherState,
  cause: InterruptionCause,
): void {
  if (state.liveness !== 'live') return;
  state.liveness = cause;
  context.emit({ type: 'interrupted', watcher: state.key });
}

/** Reports that the watcher is live, unless it was last reported as live. */
export function reportLive(context: SessionContext, state: WatcherState): void {
  const { key: watcher, cursor, liveness, readyRevision: revision = 0n } = state;
  if (liveness === 'never-live') context.emit({ type: 'ready', watcher, revision, nextRevision: cursor });
  else if (liveness !== 'live')
    context.emit({ type: 'resumed', watcher, fromRevision: cursor, cause: liveness });
  state.liveness = 'live';
  reportResumed(context, state);
}

/** Reports for diagnostics that a watcher of a lost stream is live again. */
function reportResumed(context: SessionContext, state: WatcherState): void {
  const { lostSlot: slot, key: watcher, cursor: fromRevision } = state;
  if (slot === undefined) return;
  state.lostSlot = undefined;
  context.emit({ type: 'status', status: { type: 'resumed', slot, watcher, fromRevision } });
}

/** Reports for diagnostics the duplicate events that were not delivered since the last report. */
export function reportDuplicates(context: SessionContext, state: WatcherState): void {
  const events = state.takeDuplicates();
  if (events === 0 || !state.slot) return;
  context.emit({ type: 'status', status: { type: 'duplicates-dropped', slot: state.slot.key, events } });
}
