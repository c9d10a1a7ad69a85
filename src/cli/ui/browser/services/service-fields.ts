import type { Field, FieldSet } from '../filter/index.js';
import type { ServiceSummary } from '../state/index.js';

/** The counts of a service that are columns of numbers. */
export type ServiceCount = 'endpoints' | 'draining' | 'permanent' | 'problems';

const fields: readonly Field<ServiceSummary>[] = [
  { name: 'service', label: 'Service', aliases: ['name'], values: ({ name }) => [name] },
  count('endpoints', 'Endpoints', 'The number of endpoints', ['total']),
  count('draining', 'Draining', 'Endpoints that receive no new requests'),
  count('permanent', 'Permanent', 'Endpoints without a lease: they stay when their server ends'),
  count('problems', 'Problems', 'Records whose value is not an endpoint'),
  {
    name: 'status',
    label: 'Status',
    title: 'Endpoints by the status in their metadata',
    values: ({ statuses }) => [...statuses.keys()],
  },
  {
    name: 'zone',
    label: 'Zones',
    title: 'Endpoints by zone',
    values: ({ zones }) => [...zones.keys()],
  },
];

/** The fields of a service. `zone` and `status` have the values of all its endpoints. */
export const serviceFields: FieldSet<ServiceSummary> = {
  fields,
  searchText: ({ name }) => name.toLowerCase(),
};

function count(
  name: ServiceCount,
  label: string,
  title: string,
  aliases: readonly string[] = [],
): Field<ServiceSummary> {
  return { name, label, title, aliases, values: (service) => [service[name]] };
}
