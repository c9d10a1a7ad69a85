import { type RecordStore, type ServiceSummary, store } from '../state/index.js';
import type { ListSource } from '../table/index.js';

/** The services of the store, as summaries of the present. */
export const serviceSource: ListSource<ServiceSummary> = {
  keyOf: ({ name }) => name,
  get: (name) => store.services.get(name)?.summary(),
  items: () => summaries(store),
};

function* summaries({ services }: RecordStore): Generator<ServiceSummary> {
  for (const service of services.values()) yield service.summary();
}
