import type { EndpointRow } from '../../protocol/index.js';
import { type FieldSet, type FieldValue, metadataText, metadataValues } from '../filter/index.js';

const prefix = 'metadata.';

const readers: Readonly<Record<string, (row: EndpointRow) => FieldValue | undefined>> = {
  id: (row) => row.id,
  key: (row) => row.key,
  service: (row) => row.service,
  addr: (row) => row.addr,
  zone: (row) => row.zone,
  status: (row) => row.status,
  weight: (row) => row.weight,
  lease: (row) => row.lease,
  created: (row) => Number(row.createRevision),
  modified: (row) => Number(row.modRevision),
  seen: (row) => (row.preexisting ? 0 : row.firstSeen),
  problem: (row) => row.problem,
  metadata: (row) => metadataText(row),
};

/** The fields of an endpoint. */
export const endpointFields: FieldSet<EndpointRow> = {
  names: Object.keys(readers),
  hasMetadata: true,
  searchText,
  values: endpointValues,
};

function endpointValues(row: EndpointRow, field: string): readonly FieldValue[] {
  if (field.startsWith(prefix)) return metadataValues(row.metadata, field.slice(prefix.length));
  const value = Object.hasOwn(readers, field) ? readers[field]?.(row) : undefined;
  return value === undefined ? [] : [value];
}

/** The texts of rows that were searched. A row is replaced when it changes. */
const searchTexts = new WeakMap<EndpointRow, string>();

function searchText(row: EndpointRow): string {
  let text = searchTexts.get(row);
  if (text === undefined) {
    text = `${row.key}\n${row.addr}\n${metadataText(row)}`.toLowerCase();
    searchTexts.set(row, text);
  }
  return text;
}
