import type { FieldChange, TimelineEntry } from '../protocol/index.js';
import { eventText, type Kind, kindOf } from './entry-texts.js';

export interface EntryFilter {
  /** Empty for all kinds. */
  readonly kinds: ReadonlySet<Kind>;
  /** Words that all must occur, without regard to case. */
  readonly text: string;
  /** Only the entries of this record. */
  readonly key?: string | undefined;
}

/** Returns whether a filter shows an entry. Its words are searched in names, addresses, reasons and changed fields. */
export function matcher({ kinds, text, key }: EntryFilter): (entry: TimelineEntry) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (entry) =>
    (kinds.size === 0 || kinds.has(kindOf(entry.what.type))) &&
    (key === undefined || ('key' in entry.what && entry.what.key === key)) &&
    hasWords(entry, words);
}

function hasWords(entry: TimelineEntry, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const searched = searchedText(entry).toLowerCase();
  return words.every((word) => searched.includes(word));
}

function searchedText({ service = '', what }: TimelineEntry): string {
  const parts = [service, eventText(what)];
  if ('key' in what) parts.push(what.id, what.addr);
  if ('changes' in what) parts.push(...what.changes.map(changeText));
  if ('error' in what) parts.push(what.error ?? '');
  return parts.join('\n');
}

function changeText({ path, before = '', after = '' }: FieldChange): string {
  return `${path} ${before} ${after}`;
}
