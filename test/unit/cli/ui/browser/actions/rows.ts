import type { EndpointRow } from '#ui/protocol/index.js';

/** Makes the row of an endpoint for tests. */
export function endpointRow(change: Partial<EndpointRow> = {}): EndpointRow {
  return {
    key: 'pay/e1',
    service: 'pay',
    id: 'e1',
    addr: '10.0.0.1:80',
    metadata: { zone: 'eu-1', weight: 2 },
    weight: 2,
    lease: '6f',
    createRevision: '3',
    modRevision: '5',
    firstSeen: 0,
    preexisting: false,
    ...change,
  };
}
