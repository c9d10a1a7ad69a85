import type { FieldChange, TimelineEntry } from '../protocol/index.js';

/** The length of all texts in an entry, in UTF-16 units. */
export function textLengthOf({ service = '', what }: TimelineEntry): number {
  const ofEndpoint = 'key' in what ? what.key.length + what.id.length + what.addr.length : 0;
  const changes = 'changes' in what ? what.changes : [];
  return service.length + ofEndpoint + changes.reduce((sum, change) => sum + lengthOf(change), 0);
}

function lengthOf({ path, before = '', after = '' }: FieldChange): number {
  return path.length + before.length + after.length;
}
