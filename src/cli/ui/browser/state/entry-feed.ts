import type { TimelineEntry } from '../../protocol/index.js';

export interface EntryListener {
  /** New entries, oldest first, or known ones in a new version: the reason of a departure was found. */
  onEntries(entries: readonly TimelineEntry[]): void;
  /** Entries may have been missed: read them again. */
  onGap(): void;
}

const listeners = new Set<EntryListener>();

/** Calls back with the timeline's entries as they arrive. The returned function ends that. */
export function listenToEntries(listener: EntryListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function publishEntries(entries: readonly TimelineEntry[]): void {
  for (const listener of listeners) listener.onEntries(entries);
}

export function publishGap(): void {
  for (const listener of listeners) listener.onGap();
}
