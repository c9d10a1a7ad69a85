import type { Revision } from '../../model/index.js';
import type { SessionContext } from './context.js';
import type { WatcherState } from './watcher-state.js';

/** Reports that the watcher is on no open stream, for an unknown time. Once, and only if it was live. */
export function reportInterrupted(context: SessionContext, state: WatcherState): void {
  if (state.readyRevision === undefined || state.interrupted) return;
  state.interrupted = true;
  context.emit({ type: 'interrupted', watcher: state.key });
}

/** Reports that the watcher is live. `readyRevision`: of a watcher that is live for the first time. */
export function reportLive(
  context: SessionContext,
  state: WatcherState,
  readyRevision: Revision | undefined,
): void {
  const { key: watcher, cursor } = state;
  if (readyRevision !== undefined)
    context.emit({ type: 'ready', watcher, revision: readyRevision, nextRevision: cursor });
  else if (state.interrupted) context.emit({ type: 'resumed', watcher, fromRevision: cursor });
  state.interrupted = false;
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
