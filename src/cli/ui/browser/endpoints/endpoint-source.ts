import type { EndpointRow } from '../../protocol/index.js';
import { store } from '../state/index.js';
import type { ListSource } from '../table/index.js';

/** The endpoints of a service; of all without one. */
export function endpointSource(service: string | undefined): ListSource<EndpointRow> {
  const rows = () => (service === undefined ? store.rows : store.services.get(service)?.rows) ?? none;
  return {
    keyOf: ({ key }) => key,
    get: (key) => rows().get(key),
    items: () => rows().values(),
  };
}

const none: ReadonlyMap<string, EndpointRow> = new Map();
