import type { EndpointRow, FieldChange, TimelineEvent } from '../protocol/index.js';
import { rowChanges, sizeText } from '../shared/index.js';
import type { StoredRow } from './row.js';

type EndpointEvent = Extract<TimelineEvent, { readonly key: string }>;
/** An event of one record, except its departure. */
export type RowEvent = Exclude<EndpointEvent, { readonly type: 'left' }>;

/**
 * What happened to a record that is there, and was not (undefined) or was another. Undefined if it was only written
 * again, as some owners do to keep it alive.
 */
export function rowEvent(before: StoredRow | undefined, after: StoredRow): RowEvent | undefined {
  const type = eventType(before, after);
  if (type === undefined) return undefined;
  const wasThere = before?.content.kind === 'endpoint';
  const known = wasThere || type === 'unreadable' ? before : undefined;
  const changes = withUnseenChange(rowChanges(known?.row, after.row), known, after);
  if (type === 'changed' && changes.length === 0) return undefined;
  const addr = type === 'unreadable' ? (before?.row.addr ?? '') : after.row.addr;
  const { modRevision: revision } = after.row;
  return { type, ...identify(after.row), addr, revision, changes };
}

/** The record as its departure names it. */
export function departureOf({ row }: StoredRow, revision: string): Omit<EndpointEvent, 'type' | 'changes'> {
  return { ...identify(row), addr: row.addr, revision };
}

function eventType(before: StoredRow | undefined, { content }: StoredRow): RowEvent['type'] | undefined {
  const from = before?.content;
  if (content.kind === 'unreadable') return from?.kind === 'unreadable' ? undefined : 'unreadable';
  if (from?.kind !== 'endpoint') return 'registered';
  if (from.draining === content.draining) return 'changed';
  return content.draining ? 'drained' : 'undrained';
}

/** Adds that metadata which is not kept has changed, where nothing else explains that the value is another one. */
function withUnseenChange(
  changes: readonly FieldChange[],
  before: StoredRow | undefined,
  after: StoredRow,
): readonly FieldChange[] {
  const { large } = after.row;
  if (!before || large === undefined || before.kv.value.equals(after.kv.value)) return changes;
  if (changes.some(({ path }) => path !== 'lease')) return changes;
  return [...changes, { path: 'metadata', after: `too large to compare (${sizeText(large)})` }];
}

function identify({ key, id }: EndpointRow): Pick<EndpointRow, 'key' | 'id'> {
  return { key, id };
}
