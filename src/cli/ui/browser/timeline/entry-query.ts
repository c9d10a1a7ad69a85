import type { EntryKind, TimelineFilter } from '../../protocol/index.js';
import { entryKinds } from '../../shared/index.js';

/** What the command accepts. */
export const maxTextLength = 200;

/** The filter of a request. */
export function entryQuery(
  key: string | undefined,
  types: readonly EntryKind[],
  text: string,
): TimelineFilter {
  return { key, types, text: text.trim().slice(0, maxTextLength) || undefined };
}

/** The types of a URL; those that are not known are left out. */
export function parseTypes(text: string | undefined): readonly EntryKind[] {
  const names = new Set(text?.split(','));
  return entryKinds.filter((kind) => names.has(kind));
}
