import type { EndpointRow } from '../../protocol/index.js';
import { ActionMenu } from '../actions/index.js';
import { metadataText } from '../filter/index.js';
import { serviceText } from '../services/index.js';
import { serverNow } from '../state/index.js';
import { type Column, fieldColumn } from '../table/index.js';
import { isoText, sizeText, timeText, visible } from '../text/index.js';
import type { Sort } from '../url/index.js';
import { endpointFields } from './endpoint-fields.js';
import { LeaseCell } from './lease-cell.js';
import { shownColumns } from './shown-columns.js';
import { statedTime } from './stated-time.js';

/** A cell shows the start; the details show all. */
const maxMetadata = 160;

/** The columns of a list of endpoints; with the service for all endpoints. */
export function endpointColumns(
  withService: boolean,
  sort: Sort | undefined,
  readOnly: boolean,
): readonly Column<EndpointRow>[] {
  return shownColumns(withService ? [serviceColumn, ...columns] : columns, sort, readOnly);
}

const serviceColumn: Column<EndpointRow> = {
  ...fieldColumn(endpointFields, 'service'),
  text: ({ service }) => serviceText(service),
};

const columns: readonly Column<EndpointRow>[] = [
  {
    ...fieldColumn(endpointFields, 'address'),
    text: (row) => (row.problem === undefined ? visible(row.addr) : 'not an endpoint'),
    titleOf: (row) => row.problem && visible(row.problem),
  },
  { ...fieldColumn(endpointFields, 'id'), text: ({ id }) => visible(id) },
  {
    ...fieldColumn(endpointFields, 'status'),
    text: ({ status }) => visible(status ?? '', 40),
    render: ({ status }) => status && <span class="status">{visible(status, 40)}</span>,
  },
  {
    ...fieldColumn(endpointFields, 'weight'),
    numeric: true,
    text: ({ weight, problem }) => (problem === undefined ? String(weight) : ''),
  },
  { ...fieldColumn(endpointFields, 'zone'), text: ({ zone }) => visible(zone ?? '', 60) },
  { ...fieldColumn(endpointFields, 'metadata'), text: metadataCell },
  {
    ...fieldColumn(endpointFields, 'lease'),
    numeric: true,
    text: ({ lease }) => lease ?? '',
    render: (row) => (hasLeaseCell(row) ? <LeaseCell lease={row.lease} /> : ''),
    titleOf: ({ lease }) => lease && `lease ${lease}`,
  },
  { ...fieldColumn(endpointFields, 'created'), numeric: true, text: ({ createRevision }) => createRevision },
  {
    ...fieldColumn(endpointFields, 'seen'),
    text: (row) => `${row.preexisting ? 'before ' : ''}${timeText(row.firstSeen, serverNow())}`,
    titleOf: ({ firstSeen }) => isoText(firstSeen),
  },
  {
    field: 'stated',
    label: 'Stated time',
    title: 'A time in the metadata, such as startedAt, as its writer wrote it',
    sortable: false,
    text: ({ metadata }) => visible(statedTime(metadata)?.text ?? '', 40),
    titleOf: ({ metadata }) => visible(statedTime(metadata)?.name ?? '', 40) || undefined,
  },
  {
    field: 'actions',
    label: 'Actions',
    sortable: false,
    text: () => '',
    render: (row) => <ActionMenu row={row} />,
  },
];

function metadataCell(row: EndpointRow): string {
  return row.large === undefined
    ? visible(metadataText(row), maxMetadata)
    : `${sizeText(row.large)}, not shown here`;
}

/** A record that is not an endpoint has no permanence to point out. */
function hasLeaseCell({ lease, problem }: EndpointRow): boolean {
  return lease !== undefined || problem === undefined;
}
