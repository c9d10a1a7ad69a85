import { anything, optionsChecker } from '../model/index.js';
import type { EndpointRecord } from './endpoint.js';

/** What to suggest for names that an endpoint does not have at its top level. */
export const endpointNames = {
  address: 'addr',
  meta: 'metadata',
  weight: 'metadata.weight',
  zone: 'metadata.zone',
  status: 'metadata.status',
};

/**
 * The names of an endpoint that a caller gives, of which a record of a list is one; the metadata is free-form. What the
 * names stand for is checked where the endpoint is encoded.
 */
export const endpointInput = optionsChecker<EndpointRecord>(
  {
    addr: anything,
    metadata: anything,
    key: anything,
    createRevision: anything,
    modRevision: anything,
    lease: anything,
  },
  {
    label: 'the endpoint',
    suggestions: endpointNames,
  },
);
