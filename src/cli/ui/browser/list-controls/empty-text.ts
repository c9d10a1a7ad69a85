import { settings } from '../state/index.js';

/** Why a list has no rows. Nothing is said before the first snapshot: the state of the view says that it is being read. */
export function emptyText(total: number, noun: string): string {
  if (!settings.value) return '';
  return total === 0 ? `There is no ${noun}.` : `No ${noun} matches the filter.`;
}
