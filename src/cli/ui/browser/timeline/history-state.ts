import type { TimelineEntry, TimelineReply } from '../../protocol/index.js';
import { mergeEntries } from './merge.js';

/** What is known of the timeline of a service, or of all. */
export interface HistoryState {
  /** The newest first, without a gap. */
  readonly entries: readonly TimelineEntry[];
  /** Whether older ones can be loaded. */
  readonly more: boolean;
  /** How many entries of all services the command no longer has. */
  readonly dropped: number;
  readonly loading: boolean;
  /** Why the last request failed. */
  readonly error?: string | undefined;
  /** Those that arrived while the newest page is being loaded, which then replaces `entries`. */
  readonly pending?: readonly TimelineEntry[] | undefined;
}

/** Entries in memory. Older ones can be loaded again. */
const maxEntries = 5_000;

export const emptyHistory: HistoryState = { entries: [], more: false, dropped: 0, loading: false };

/**
 * Entries were missed. Their numbers may be those of another run of the command, so the next page replaces all; what is
 * shown stays until then.
 */
export function reloading(state: HistoryState): HistoryState {
  return { ...state, loading: true, error: undefined, pending: [] };
}

/** Entries arrived on the stream, the oldest first; some of them may concern other services. */
export function received(
  state: HistoryState,
  service: string | undefined,
  entries: readonly TimelineEntry[],
): HistoryState {
  const own = newestFirst(entries.filter((entry) => concerns(entry, service)));
  if (own.length === 0) return state;
  if (state.pending) return { ...state, pending: mergeEntries(state.pending, own) };
  const oldest = state.entries.at(-1)?.n ?? 0;
  // One that is older than those that were loaded would leave a gap; it is loaded with its page.
  const adjacent = state.more ? own.filter(({ n }) => n >= oldest) : own;
  return limited({ ...state, entries: mergeEntries(state.entries, adjacent) });
}

/** A page arrived: the newest after {@link reloading}, else the one before the oldest entry. */
export function loaded(state: HistoryState, { entries, more, dropped }: TimelineReply): HistoryState {
  const known = state.pending ?? state.entries;
  const merged = mergeEntries(known, entries);
  return limited({ entries: merged, more, dropped, loading: false }, state.pending === undefined);
}

function concerns(entry: TimelineEntry, service: string | undefined): boolean {
  return service === undefined || entry.service === undefined || entry.service === service;
}

/** The last version of each entry. */
function newestFirst(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const byNumber = new Map(entries.map((entry) => [entry.n, entry]));
  return [...byNumber.values()].sort((a, b) => b.n - a.n);
}

/** Drops the oldest beyond the limit, except for those that the user has just asked for. */
function limited(state: HistoryState, wereRequested = false): HistoryState {
  if (wereRequested || state.entries.length <= maxEntries) return state;
  return { ...state, entries: state.entries.slice(0, maxEntries), more: true };
}
