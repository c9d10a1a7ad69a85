import { visible } from '../text/index.js';

/** More would not fit in a cell. */
const maxNames = 4;
/** A service with more different values than this shows the first ones that were found. */
const maxRead = 1_000;

/** Counts by name, the largest first: `eu-1 12, eu-2 7 and 3 more`. */
export function countsText(counts: ReadonlyMap<string, number>): string {
  const read: [string, number][] = [];
  for (const entry of counts) {
    if (read.length === maxRead) break;
    read.push(entry);
  }
  const shown = read.sort((a, b) => b[1] - a[1]).slice(0, maxNames);
  const text = shown.map(([name, count]) => `${visible(name, 24)} ${count}`).join(', ');
  const more = counts.size - shown.length;
  return more > 0 ? `${text} and ${more} more` : text;
}
