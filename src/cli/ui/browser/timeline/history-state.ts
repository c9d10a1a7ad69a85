import type { TimelineEntry, TimelineReply } from '../../protocol/index.js';
import { mergeEntries } from './merge.js';

/** What is known of the timeline of a service, or of all. */
export interface HistoryState {
  /** Those that pass the filter, the newest first, without a gap. */
  readonly entries: readonly TimelineEntry[];
  /** The `before` of the request for older ones; undefined if there are none. */
  readonly next: number | undefined;
  /** How many older entries the command no longer has. */
  readonly dropped: number;
  readonly loading: boolean;
  /** Why the last request failed. */
  readonly error?: string | undefined;
  /** Those that arrived while the newest page is being loaded, which then replaces `entries`. */
  readonly pending?: readonly TimelineEntry[] | undefined;
  /** What happened since the list is held: new entries are counted, and not inserted. */
  readonly held?: Held | undefined;
}

export interface Held {
  /** The number of new entries. */
  readonly count: number;
  /** The number of the last entry that is in the list or counted. */
  readonly last: number;
  /** Whether there may be more new entries. */
  readonly gap: boolean;
}

/** Which entries of the stream belong to a history. */
export interface HistoryScope {
  /** Undefined for all. */
  readonly service: string | undefined;
  readonly matches: (entry: TimelineEntry) => boolean;
}

/** Entries in memory. Older ones can be loaded again. */
const maxEntries = 5_000;

export const emptyHistory: HistoryState = { entries: [], next: undefined, dropped: 0, loading: false };

/**
 * Entries were missed. Their numbers may be those of another run of the command, so the next page replaces all; what is
 * shown stays until then.
 */
export function reloading(state: HistoryState): HistoryState {
  return { ...state, loading: true, error: undefined, pending: [] };
}

/** The filter became another one: what it hides goes at once, and the next page brings what it shows. */
export function refiltered(state: HistoryState, { matches }: HistoryScope): HistoryState {
  return { ...state, entries: state.entries.filter(matches), loading: true, error: undefined };
}

/** The reader does not look at the newest entry, or wants the list to stay as it is. */
export function held(state: HistoryState): HistoryState {
  return { ...state, held: { count: 0, last: state.entries[0]?.n ?? 0, gap: false } };
}

/** Entries arrived on the stream, the oldest first; some of them may concern other services. */
export function received(
  state: HistoryState,
  scope: HistoryScope,
  entries: readonly TimelineEntry[],
): HistoryState {
  const own = newestFirst(entries.filter((entry) => concerns(entry, scope.service)));
  if (own.length === 0) return state;
  if (state.pending) return { ...state, pending: mergeEntries(state.pending, own.filter(scope.matches)) };
  if (!state.held) return limited(merged(state, scope, own));
  const newest = state.entries[0]?.n ?? 0;
  const known = merged(
    state,
    scope,
    own.filter(({ n }) => n <= newest),
  );
  return { ...known, held: counted(state.held, own.filter(scope.matches)) };
}

/** A page arrived: the newest after {@link reloading}, else the one before the oldest entry. */
export function loaded(state: HistoryState, { entries, next, dropped }: TimelineReply): HistoryState {
  const known = state.pending ?? state.entries;
  const all = mergeEntries(known, entries);
  const isNewest = state.pending !== undefined;
  const after = { entries: all, next, dropped, loading: false, held: state.held };
  return isNewest ? limited(state.held ? held(after) : after) : after;
}

/** Puts entries in their place. One that no longer passes the filter goes. */
function merged(state: HistoryState, { matches }: HistoryScope, own: readonly TimelineEntry[]): HistoryState {
  // One that is older than those that were loaded would leave a gap; it is loaded with its page.
  const adjacent = own.filter(({ n }) => n >= (state.next ?? 0));
  const hidden = new Set(adjacent.filter((entry) => !matches(entry)).map(({ n }) => n));
  const all = mergeEntries(state.entries, adjacent);
  return { ...state, entries: hidden.size === 0 ? all : all.filter(({ n }) => !hidden.has(n)) };
}

function counted(held: Held, own: readonly TimelineEntry[]): Held {
  const count = held.count + own.filter(({ n }) => n > held.last).length;
  return { ...held, count, last: Math.max(held.last, own[0]?.n ?? 0) };
}

function concerns(entry: TimelineEntry, service: string | undefined): boolean {
  return service === undefined || entry.service === undefined || entry.service === service;
}

/** The last version of each entry. */
function newestFirst(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const byNumber = new Map(entries.map((entry) => [entry.n, entry]));
  return [...byNumber.values()].sort((a, b) => b.n - a.n);
}

/** Drops the oldest entries beyond the limit. */
function limited(state: HistoryState): HistoryState {
  if (state.entries.length <= maxEntries) return state;
  const entries = state.entries.slice(0, maxEntries);
  return { ...state, entries, next: entries.at(-1)?.n };
}
