import { formatLeaseId, keyText } from '../../../index.js';
import type { EndpointRow } from '../protocol/index.js';
import type { ClassifiedKeyValue, EndpointContent, UnreadableContent } from './content.js';

/** When a key was first seen. */
export interface Seen {
  readonly firstSeen: number;
  readonly preexisting: boolean;
}

/** The content of a key that has a row. */
export type RowContent = EndpointContent | UnreadableContent;

/** A key that has a row. */
export interface StoredRow {
  readonly kv: ClassifiedKeyValue;
  readonly content: RowContent;
  readonly row: EndpointRow;
}

export function storeRow(kv: ClassifiedKeyValue, content: RowContent, seen: Seen): StoredRow {
  return { kv, content, row: toRow(kv, content, seen) };
}

function toRow(kv: ClassifiedKeyValue, content: RowContent, { firstSeen, preexisting }: Seen): EndpointRow {
  return {
    key: keyText(kv.key),
    service: content.service,
    id: content.id,
    ...contentOfRow(content),
    lease: kv.lease === 0n ? undefined : formatLeaseId(kv.lease),
    createRevision: String(kv.createRevision),
    modRevision: String(kv.modRevision),
    firstSeen,
    preexisting,
  };
}

function contentOfRow(content: RowContent): Pick<EndpointRow, 'addr' | 'weight'> & Partial<EndpointRow> {
  if (content.kind === 'unreadable') return { addr: '', weight: 1, problem: content.problem };
  const { addr, metadata, large, weight, zone, status } = content;
  return { addr, metadata, large, weight, zone, status };
}
