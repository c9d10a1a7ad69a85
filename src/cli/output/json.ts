import { escapeControls } from '../../internal.js';

/** A value that is not printed yet, or text that is printed as it is. */
type Pending = { readonly text: string } | { readonly value: unknown };

/**
 * Serializes a value as one line of JSON. Revisions and lease ids become strings: they have 64 bits, and most parsers
 * keep 53. Control characters are escaped, also those above U+001F, which JSON permits and terminals obey. It works
 * without recursion: JSON.stringify overflows the stack on deeply nested metadata.
 */
export function toJson(value: unknown): string {
  const pending: Pending[] = [{ value }];
  const parts: string[] = [];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if ('text' in next) parts.push(next.text);
    else if (hasToJson(next.value)) pending.push({ value: next.value.toJSON() });
    else if (typeof next.value === 'object' && next.value !== null) pushMembers(pending, next.value);
    else parts.push(scalarToJson(next.value));
  }
  return escapeControls(parts.join(''), 'json');
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return (
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  );
}

/** Undefined becomes null, as JSON.stringify does in an array. Undefined members never get here. */
function scalarToJson(value: unknown): string {
  return JSON.stringify(typeof value === 'bigint' ? String(value) : value) ?? 'null';
}

/** Pushes the members in reverse order: the stack prints the last one first. */
function pushMembers(pending: Pending[], container: object): void {
  const isArray = Array.isArray(container);
  const members = Object.entries(container).filter(([, value]) => isArray || value !== undefined);
  pending.push({ text: isArray ? ']' : '}' });
  for (const [i, [name, value]] of [...members.entries()].reverse()) {
    pending.push({ value }, { text: `${i === 0 ? '' : ','}${isArray ? '' : `${JSON.stringify(name)}:`}` });
  }
  pending.push({ text: isArray ? '[' : '{' });
}
