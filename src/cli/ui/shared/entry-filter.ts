import type { FieldChange, TimelineEntry, TimelineFilter } from '../protocol/index.js';
import { eventText, kindOf } from './entry-texts.js';

/** Returns whether a filter shows an entry. Its words are searched in names, addresses, reasons and changed fields. */
export function matcher({ key, types = [], text = '' }: TimelineFilter): (entry: TimelineEntry) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (entry) =>
    (types.length === 0 || types.includes(kindOf(entry.what.type))) &&
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
