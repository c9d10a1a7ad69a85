import type { ServiceSummary } from '../state/index.js';
import { type Column, fieldColumn } from '../table/index.js';
import { visible } from '../text/index.js';
import { viewLink } from '../url/index.js';
import { countsText } from './count-text.js';
import { type ServiceCount, serviceFields } from './service-fields.js';

export const serviceColumns: readonly Column<ServiceSummary>[] = [
  {
    ...fieldColumn(serviceFields, 'service'),
    text: ({ name }) => serviceText(name),
    render: ({ name }) => (
      <a href={viewLink({ page: 'endpoints', service: name, filter: '' })} tabIndex={-1}>
        {serviceText(name)}
      </a>
    ),
  },
  countColumn('endpoints'),
  countColumn('draining'),
  countColumn('permanent'),
  countColumn('problems'),
  {
    ...fieldColumn(serviceFields, 'status'),
    style: 'statuses',
    sortable: false,
    text: ({ statuses }) => countsText(statuses),
  },
  {
    ...fieldColumn(serviceFields, 'zone'),
    style: 'zones',
    sortable: false,
    text: ({ zones }) => countsText(zones),
  },
];

/** The name of a service to show; a record directly under the prefix belongs to a service with an empty name. */
export function serviceText(name: string): string {
  return name === '' ? '(no name)' : visible(name);
}

function countColumn(field: ServiceCount): Column<ServiceSummary> {
  return {
    ...fieldColumn(serviceFields, field),
    numeric: true,
    text: (service) => (service[field] === 0 && field !== 'endpoints' ? '' : String(service[field])),
  };
}
