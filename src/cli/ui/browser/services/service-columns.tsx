import type { ServiceSummary } from '../state/index.js';
import type { Column } from '../table/index.js';
import { visible } from '../text/index.js';
import { viewLink } from '../url/index.js';
import { countsText } from './count-text.js';

export const serviceColumns: readonly Column<ServiceSummary>[] = [
  {
    field: 'name',
    label: 'Service',
    sortable: true,
    text: ({ name }) => serviceText(name),
    render: ({ name }) => (
      <a href={viewLink({ page: 'endpoints', service: name, filter: '' })} tabIndex={-1}>
        {serviceText(name)}
      </a>
    ),
  },
  countColumn('total', 'Endpoints', 'The number of records'),
  countColumn('draining', 'Draining', 'Endpoints that receive no new requests'),
  countColumn('permanent', 'Permanent', 'Records without a lease: they stay when their server ends'),
  countColumn('problems', 'Problems', 'Records whose value is not an endpoint'),
  {
    field: 'status',
    label: 'Status',
    title: 'Endpoints by the status in their metadata',
    sortable: false,
    text: ({ statuses }) => countsText(statuses),
  },
  {
    field: 'zone',
    label: 'Zones',
    title: 'Endpoints by zone',
    sortable: false,
    text: ({ zones }) => countsText(zones),
  },
];

/** The name of a service to show; a record directly under the prefix belongs to a service with an empty name. */
export function serviceText(name: string): string {
  return name === '' ? '(no name)' : visible(name);
}

function countColumn(
  field: 'total' | 'draining' | 'permanent' | 'problems',
  label: string,
  title: string,
): Column<ServiceSummary> {
  return {
    field,
    label,
    title,
    sortable: true,
    numeric: true,
    text: (service) => (service[field] === 0 && field !== 'total' ? '' : String(service[field])),
  };
}
