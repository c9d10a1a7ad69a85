import { anything, optionsChecker } from '../model/index.js';
import type { EndpointRecord } from './endpoint.js';

/** Suggestions for names that are not members of an endpoint. */
export const endpointNameSuggestions = {
  address: 'addr',
  meta: 'metadata',
  weight: 'metadata.weight',
  zone: 'metadata.zone',
  status: 'metadata.status',
};

/**
 * Rejects unknown names in a caller's endpoint; the additional names of a record from `list()` are accepted. Metadata may
 * have any names. The values are checked when the endpoint is encoded.
 */
export const checkEndpointNames = optionsChecker<EndpointRecord>(
  {
    addr: anything,
    metadata: anything,
    key: anything,
    createRevision: anything,
    modRevision: anything,
    lease: anything,
    codec: anything,
  },
  {
    label: 'the endpoint',
    suggestions: endpointNameSuggestions,
  },
);
