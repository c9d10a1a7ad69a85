import { useMemo } from 'preact/hooks';
import { canonicalSort, compileFilter, orderBy, sortHints } from '../filter/index.js';
import { emptyText, FilterBar } from '../list-controls/index.js';
import { current, omitted, type ServiceSummary, store } from '../state/index.js';
import { Grid, useLiveList } from '../table/index.js';
import { countText } from '../text/index.js';
import { navigate, view } from '../url/index.js';
import { omittedHints } from './omitted-hints.js';
import { serviceColumns } from './service-columns.js';
import { serviceFields } from './service-fields.js';
import { serviceSource } from './service-source.js';

/** The list of all services. */
export function ServicesView() {
  const { filter: text, sort } = view.value;
  const filter = useMemo(() => compileFilter(text, serviceFields), [text]);
  const list = useLiveList({
    source: () => serviceSource,
    listen: listenToServices,
    ordering: { matches: filter.matches, ...orderBy(sort, serviceFields) },
    orderedBy: [text, sort?.field, sort?.descending],
  });
  return (
    <section class="list-view" aria-label="Services">
      <FilterBar
        label="Filter services"
        hints={[...filter.hints, ...sortHints(sort, serviceFields)]}
        note={omittedHints(omitted.value).join(' ')}
        fields={serviceFields}
        count={list.isComplete ? countText(list.items.length, store.services.size, 'service') : ''}
        filterHint="word  zone:eu-*  endpoints>10  -term"
        sortHint="column"
      />
      <Grid
        label="Services"
        list={list}
        columns={serviceColumns}
        sort={canonicalSort(sort, serviceFields)}
        onSort={(next) => navigate({ sort: next }, { replace: true })}
        onOpen={openService}
        stale={!current.value}
        empty={emptyText(store.services.size, 'service')}
      />
    </section>
  );
}

function openService({ name }: ServiceSummary): void {
  navigate({ page: 'endpoints', service: name, filter: '', sort: undefined, selected: undefined });
}

function listenToServices(onChange: (names?: ReadonlySet<string>) => void): () => void {
  return store.listen({ onChanges: ({ services }) => onChange(services), onReplaced: onChange });
}
