import type { FieldSet, FieldValue } from '../filter/index.js';
import type { ServiceSummary } from '../state/index.js';

const counts = ['total', 'draining', 'permanent', 'problems'] as const;

/** The fields of a service. `zone` and `status` have the values of all its endpoints. */
export const serviceFields: FieldSet<ServiceSummary> = {
  names: ['name', 'zone', 'status', ...counts],
  hasMetadata: false,
  searchText: ({ name }) => name.toLowerCase(),
  values: serviceValues,
};

function serviceValues(service: ServiceSummary, field: string): readonly FieldValue[] {
  const count = counts.find((name) => name === field);
  if (count) return [service[count]];
  if (field === 'name') return [service.name];
  if (field === 'zone') return [...service.zones.keys()];
  return field === 'status' ? [...service.statuses.keys()] : [];
}
