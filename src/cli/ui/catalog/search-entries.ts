import type { TimelineEntry } from '../protocol/index.js';
import { textLengthOf } from './text-length.js';

/** Bounds of one search, which keeps the event loop busy: the next request continues it. */
export interface SearchLimits {
  readonly entries: number;
  /** The length of the texts that are searched, in UTF-16 units. */
  readonly textLength: number;
}

export interface FoundEntries {
  /** The newest first. */
  readonly entries: readonly TimelineEntry[];
  /** The number of the last entry that was looked at, if there are older ones. */
  readonly next: number | undefined;
}

/** Searches entries from the end of a list until `max` match, or a limit is reached. */
export function searchEntries(
  entries: readonly TimelineEntry[],
  matches: (entry: TimelineEntry) => boolean,
  max: number,
  limits: SearchLimits,
): FoundEntries {
  const found: TimelineEntry[] = [];
  let textLength = 0;
  let i = entries.length;
  const end = Math.max(0, i - limits.entries);
  while (i > end && found.length < max && textLength < limits.textLength) {
    const entry = entries[--i];
    if (!entry) continue;
    textLength += textLengthOf(entry);
    if (matches(entry)) found.push(entry);
  }
  return { entries: found, next: i > 0 ? entries[i]?.n : undefined };
}
