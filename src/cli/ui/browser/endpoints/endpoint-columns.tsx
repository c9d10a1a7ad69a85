import type { EndpointRow } from '../../protocol/index.js';
import { ActionMenu } from '../actions/index.js';
import { metadataText } from '../filter/index.js';
import { serviceText } from '../services/index.js';
import { serverNow } from '../state/index.js';
import type { Column } from '../table/index.js';
import { isoText, sizeText, timeText, visible } from '../text/index.js';
import { LeaseCell } from './lease-cell.js';
import { statedTime } from './stated-time.js';

/** A cell shows the start; the details show all. */
const maxMetadata = 160;

/** The columns of a service's endpoints; with the service for all endpoints. */
export function endpointColumns(withService: boolean): readonly Column<EndpointRow>[] {
  return withService ? [serviceColumn, ...columns] : columns;
}

const serviceColumn: Column<EndpointRow> = {
  field: 'service',
  label: 'Service',
  sortable: true,
  text: ({ service }) => serviceText(service),
};

const columns: readonly Column<EndpointRow>[] = [
  {
    field: 'addr',
    label: 'Address',
    sortable: true,
    text: (row) => (row.problem === undefined ? visible(row.addr) : 'not an endpoint'),
    titleOf: (row) => row.problem && visible(row.problem),
  },
  {
    field: 'id',
    label: 'ID',
    title: 'The part of the key after the service',
    sortable: true,
    text: ({ id }) => visible(id),
  },
  {
    field: 'status',
    label: 'Status',
    sortable: true,
    text: ({ status }) => visible(status ?? '', 40),
    render: ({ status }) => status && <span class="status">{visible(status, 40)}</span>,
  },
  {
    field: 'weight',
    label: 'Weight',
    sortable: true,
    numeric: true,
    text: ({ weight }) => String(weight),
  },
  {
    field: 'zone',
    label: 'Zone',
    sortable: true,
    text: ({ zone }) => visible(zone ?? '', 60),
  },
  {
    field: 'metadata',
    label: 'Metadata',
    title: 'As JSON; the details of the endpoint show all of it',
    sortable: true,
    text: metadataCell,
  },
  {
    field: 'lease',
    label: 'Lease left',
    title:
      'The time until the lease ends unless it is renewed. etcd is asked for visible rows only, so it cannot sort.',
    sortable: false,
    numeric: true,
    text: ({ lease }) => lease ?? '',
    render: ({ lease }) => <LeaseCell lease={lease} />,
    titleOf: ({ lease }) => lease && `lease ${lease}`,
  },
  {
    field: 'created',
    label: 'Created at',
    title: 'The revision of etcd that created the record',
    sortable: true,
    numeric: true,
    text: ({ createRevision }) => createRevision,
  },
  {
    field: 'seen',
    label: 'First seen',
    title: 'When the command first saw the record: etcd stores no time',
    sortable: true,
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
