import { useEffect, useMemo } from 'preact/hooks';
import type { EndpointRow } from '../../protocol/index.js';
import { canonicalSort, compileFilter, orderBy, sortField, sortHints } from '../filter/index.js';
import { emptyText, FilterBar } from '../list-controls/index.js';
import { current, settings, store } from '../state/index.js';
import { Grid, useLiveList } from '../table/index.js';
import { navigate, view } from '../url/index.js';
import { endpointColumns } from './endpoint-columns.js';
import { endpointCountText, largeNote, sumCounts } from './endpoint-counts.js';
import { endpointFields } from './endpoint-fields.js';
import { endpointSource } from './endpoint-source.js';
import { followLeases, wantLeases } from './lease-times.js';
import { SelectedEndpoint } from './selected-endpoint.js';

/** The endpoints of the service of the URL, or of all. Rendered with the service as its `key`. */
export function EndpointsView({ service }: { readonly service: string | undefined }) {
  const { filter: text, sort, selected } = view.value;
  const filter = useMemo(() => compileFilter(text, endpointFields), [text]);
  const list = useLiveList({
    source: () => endpointSource(service),
    listen: listenToEndpoints,
    ordering: { matches: filter.matches, ...orderBy(sort, endpointFields) },
    orderedBy: [text, sort?.field, sort?.descending],
  });
  const readOnly = settings.value?.readOnly ?? false;
  const columns = useMemo(
    () => endpointColumns(service === undefined, sort, readOnly),
    [sort?.field, readOnly],
  );
  useEffect(followLeases, []);
  const counts = sumCounts(service === undefined ? store.services.values() : [store.services.get(service)]);
  return (
    <section class={selected === undefined ? 'list-view' : 'list-view has-details'} aria-label="Endpoints">
      <FilterBar
        label="Filter endpoints"
        hints={[...filter.hints, ...sortHints(sort, endpointFields)]}
        note={largeNote(counts, filter.readsMetadata, sortField(sort, endpointFields))}
        fields={endpointFields}
        count={list.isComplete ? endpointCountText(list.items, counts) : ''}
        filterHint="word  zone:eu-*  status:draining  metadata.version>2  -term"
        sortHint="column or metadata.path"
      />
      <Grid
        label="Endpoints"
        list={list}
        columns={columns}
        sort={canonicalSort(sort, endpointFields)}
        onSort={(next) => navigate({ sort: next }, { replace: true })}
        selected={selected}
        onOpen={({ key }) => navigate({ selected: key }, { replace: selected !== undefined })}
        classOf={rowClass}
        onVisible={(rows) => wantLeases(rows.flatMap(({ lease }) => lease ?? []))}
        stale={!current.value}
        empty={emptyText(counts.endpoints + counts.problems, 'endpoint')}
      />
      {selected !== undefined && <SelectedEndpoint key={selected} recordKey={selected} />}
    </section>
  );
}

function rowClass({ problem, status }: EndpointRow): string {
  if (problem !== undefined) return 'problem';
  return status === 'draining' ? 'draining' : '';
}

function listenToEndpoints(onChange: (keys?: ReadonlySet<string>) => void): () => void {
  return store.listen({ onChanges: ({ keys }) => onChange(keys), onReplaced: onChange });
}
