import { escapeControls } from '../index.js';

/**
 * One line of JSON. Revisions and lease ids become strings: they are 64 bits wide, and most readers keep 53. What a
 * terminal would obey is escaped, which JSON itself asks for only below U+0020.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member));
  return escapeControls(text, 'json');
}
