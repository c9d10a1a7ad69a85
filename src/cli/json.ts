import { escapeControls } from '../index.js';

/** A value that is still to be printed, or text that is. */
type Pending = { readonly text: string } | { readonly value: unknown };

/**
 * One line of JSON. Revisions and lease ids become strings: they are 64 bits wide, and most readers keep 53. What a
 * terminal would obey is escaped, which JSON itself asks for only below U+0020. It uses no recursion, by which
 * JSON.stringify fails for metadata that is nested deeper than its stack.
 */
export function toJson(value: unknown): string {
  const pending: Pending[] = [{ value }];
  const parts: string[] = [];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if ('text' in next) parts.push(next.text);
    else if (hasForm(next.value)) pending.push({ value: next.value.toJSON() });
    else if (typeof next.value === 'object' && next.value !== null) pushParts(pending, next.value);
    else parts.push(scalar(next.value));
  }
  return escapeControls(parts.join(''), 'json');
}

/** Whether it says how it is written, as results of the library do. */
function hasForm(value: unknown): value is { toJSON(): unknown } {
  return (
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  );
}

/** Undefined is null, as in a list of JSON.stringify; members that are undefined are left out. */
function scalar(value: unknown): string {
  return JSON.stringify(typeof value === 'bigint' ? String(value) : value) ?? 'null';
}

/** The last part first: the next to be printed is the one that was pushed last. */
function pushParts(pending: Pending[], container: object): void {
  const isList = Array.isArray(container);
  const members = Object.entries(container).filter(([, value]) => isList || value !== undefined);
  pending.push({ text: isList ? ']' : '}' });
  for (const [i, [name, value]] of [...members.entries()].reverse()) {
    pending.push({ value }, { text: `${i === 0 ? '' : ','}${isList ? '' : `${JSON.stringify(name)}:`}` });
  }
  pending.push({ text: isList ? '[' : '{' });
}
