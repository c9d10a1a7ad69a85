import type { EndpointRow } from '#src/cli/ui/protocol/index.js';
import { formatLeaseId, type KeyValue, keyText } from '#src/index.js';

/** A row of the page, with defaults for what a test does not name. */
export function endpointRow(row: Partial<EndpointRow> = {}): EndpointRow {
  const { service = 'shop', id = 'e1' } = row;
  return {
    key: `${service}/${id}`,
    service,
    id,
    addr: '10.0.0.1:1',
    weight: 1,
    createRevision: '1',
    modRevision: '1',
    firstSeen: 0,
    preexisting: false,
    ...row,
  };
}

/** The row of a stored record, of which only the names and revisions are read. */
export function rowOfRecord({ key, lease, createRevision, modRevision }: KeyValue): EndpointRow {
  const text = keyText(key);
  const slash = text.lastIndexOf('/');
  return endpointRow({
    ...{ key: text, service: text.slice(0, slash), id: text.slice(slash + 1) },
    ...{ createRevision: String(createRevision), modRevision: String(modRevision) },
    ...(lease === 0n ? {} : { lease: formatLeaseId(lease) }),
  });
}
