import type { TimelineEntry } from '../../protocol/index.js';

/**
 * Merges two lists of entries, each with the highest number first. Where both have a number, the entry that states the
 * reason of a departure replaces one that does not, whichever came first: a page of older entries may have been read
 * before the reason was found, and arrive after it.
 */
export function mergeEntries(
  a: readonly TimelineEntry[],
  b: readonly TimelineEntry[],
): readonly TimelineEntry[] {
  const merged: TimelineEntry[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const [left, right] = [a[i], b[j]];
    if (left && (!right || left.n >= right.n)) {
      merged.push(right?.n === left.n ? better(left, right) : left);
      i += 1;
      if (right?.n === left.n) j += 1;
    } else if (right) {
      merged.push(right);
      j += 1;
    }
  }
  return merged;
}

function better(a: TimelineEntry, b: TimelineEntry): TimelineEntry {
  return isUndecided(b) ? a : b;
}

function isUndecided({ what }: TimelineEntry): boolean {
  return what.type === 'left' && what.reason === undefined;
}
