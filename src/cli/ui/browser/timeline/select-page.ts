import type { TimelineEntry } from '../../protocol/index.js';
import { type EntryFilter, matcher } from '../../shared/index.js';

/** More would slow the page down. */
const pageLength = 100;

export interface EntryPage {
  readonly entries: readonly TimelineEntry[];
  /** The highest number of the next page; undefined if no older entry that is loaded passes the filter. */
  readonly next: number | undefined;
}

/** The newest entries that pass the filter and have at most the number `anchor`. */
export function selectPage(
  entries: readonly TimelineEntry[],
  filter: EntryFilter,
  anchor: number,
): EntryPage {
  const matches = matcher(filter);
  const shown: TimelineEntry[] = [];
  for (const entry of entries) {
    if (entry.n > anchor || !matches(entry)) continue;
    if (shown.length === pageLength) return { entries: shown, next: entry.n };
    shown.push(entry);
  }
  return { entries: shown, next: undefined };
}
