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
 * Rejects unknown names in an endpoint given by a caller; records of `list()` are accepted. Metadata is free-form. The
 * values are checked when the endpoint is encoded.
 */
export const checkEndpointNames = optionsChecker<EndpointRecord>(
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
    suggestions: endpointNameSuggestions,
  },
);
