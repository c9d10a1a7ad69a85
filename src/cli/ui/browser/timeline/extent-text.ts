import type { HistoryState } from './history-state.js';

/** What a list of entries is about. */
export interface ListSubject {
  readonly of: 'record' | 'service' | 'all';
  readonly isFiltered: boolean;
}

/** How many entries are shown: `100 of 350 loaded entries matching the filter`. */
export function countText(shown: number, { entries }: HistoryState, { of, isFiltered }: ListSubject): string {
  const count =
    shown === entries.length ? entriesText(shown) : `${shown} of ${entries.length} loaded entries`;
  return `${count}${of === 'record' ? ' of this record' : ''}${isFiltered ? ' matching the filter' : ''}`;
}

/** Why there are no older entries; empty if there may be some. */
export function endText({ next, dropped, loading }: HistoryState, { of, isFiltered }: ListSubject): string {
  if (next !== undefined || loading) return '';
  if (dropped > 0)
    return `Older ones may be missing: the command keeps a limited number of entries, ${lossOf(of, dropped)}.`;
  return isFiltered ? '' : 'These are all since the command started.';
}

function lossOf(of: ListSubject['of'], dropped: number): string {
  return of === 'all' ? `and has dropped ${dropped}` : `and has dropped up to ${dropped} of this service`;
}

/** What is said instead of a list. */
export function emptyText({ loading, next, dropped }: HistoryState, { of, isFiltered }: ListSubject): string {
  if (loading) return isFiltered ? 'Searching …' : 'Loading …';
  if (isFiltered)
    return next === undefined ? 'No entry passes the filter.' : 'No entry passes the filter so far.';
  if (dropped > 0) return 'There is no entry.';
  const what = of === 'record' ? 'Nothing has happened to this record' : 'Nothing has happened';
  return `${what} since the command started.`;
}

/** `1 entry`, `2 entries`. */
function entriesText(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
