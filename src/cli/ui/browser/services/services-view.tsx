import { useEffect, useMemo } from 'preact/hooks';
import { compileFilter, orderBy } from '../filter/index.js';
import { FilterBar } from '../list-controls/index.js';
import { current, type ServiceSummary, store } from '../state/index.js';
import { Grid, LiveList } from '../table/index.js';
import { navigate, view } from '../url/index.js';
import { serviceColumns } from './service-columns.js';
import { serviceFields } from './service-fields.js';
import { serviceSource } from './service-source.js';

/** The list of all services. */
export function ServicesView() {
  const { filter: text, sort } = view.value;
  const filter = useMemo(() => compileFilter(text, serviceFields), [text]);
  const ordering = { matches: filter.matches, ...orderBy(sort, serviceFields) };
  const list = useMemo(() => new LiveList(serviceSource, ordering), []);
  useEffect(() => list.setOrdering(ordering), [text, sort?.field, sort?.descending]);
  useEffect(() => followServices(list), []);
  // Read to render the counts again when the list changes.
  void list.version.value;
  return (
    <section class="list-view" aria-label="Services">
      <FilterBar
        label="Filter services"
        hints={filter.hints}
        fields={serviceFields.names}
        count={list.items.length}
        total={store.services.size}
        noun="service"
      />
      <Grid
        label="Services"
        list={list}
        columns={serviceColumns}
        sort={sort}
        onSort={(next) => navigate({ sort: next }, { replace: true })}
        onOpen={openService}
        stale={!current.value}
      />
    </section>
  );
}

function openService({ name }: ServiceSummary): void {
  navigate({ page: 'endpoints', service: name, filter: '', sort: undefined, selected: undefined });
}

function followServices(list: LiveList<ServiceSummary>): () => void {
  list.rebuild();
  return store.listen({
    onChanges: ({ services }) => list.update(services),
    onReplaced: () => list.rebuild(),
  });
}
