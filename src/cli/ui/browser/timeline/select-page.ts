import type { TimelineEntry } from '../../protocol/index.js';

/** More would slow the page down. */
const pageLength = 100;

export interface EntryPage {
  readonly entries: readonly TimelineEntry[];
  /** The highest number of the next page; undefined if no older entry is loaded. */
  readonly next: number | undefined;
}

/** The newest entries that have at most the number `anchor`. */
export function selectPage(entries: readonly TimelineEntry[], anchor: number): EntryPage {
  const start = entries.findIndex(({ n }) => n <= anchor);
  if (start < 0) return { entries: [], next: undefined };
  const end = start + pageLength;
  return { entries: entries.slice(start, end), next: entries[end]?.n };
}
