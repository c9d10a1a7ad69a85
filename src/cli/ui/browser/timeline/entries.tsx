import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EntryKind, TimelineFilter } from '../../protocol/index.js';
import { current } from '../state/index.js';
import { Entry } from './entry.js';
import { entryQuery } from './entry-query.js';
import { FilterBar } from './filter-bar.js';
import { History } from './history.js';
import { NewEntries } from './new-entries.js';
import { Paging } from './paging.js';
import { type EntryPage, selectPage } from './select-page.js';
import { useReading } from './use-reading.js';

interface EntriesProps {
  readonly service: string | undefined;
  readonly record?: string | undefined;
  readonly types: readonly EntryKind[];
  readonly onTypes: (types: readonly EntryKind[]) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** A filter, and the entries that pass it, by pages. While someone reads them, new ones wait. */
export function Entries({ service, record, types, onTypes, text, onText }: EntriesProps) {
  const [isPaused, setPaused] = useState(false);
  const [anchor, setAnchor] = useState(Infinity);
  const body = useRef<HTMLElement>(null);
  const reading = useReading();
  const isHeld = isPaused || reading.isReading || anchor !== Infinity;
  const history = useHistory(service, entryQuery(record, types, text), isHeld);
  const state = history.state.value;
  const page = selectPage(state.entries, anchor);
  const goTo = (n: number) => {
    setAnchor(n);
    if (n === Infinity) history.reload();
    body.current?.focus({ preventScroll: true });
    body.current?.scrollIntoView({ block: 'start' });
  };
  return (
    <section class="timeline-body" ref={body} tabIndex={-1} aria-label="Entries">
      <FilterBar
        types={types}
        onTypes={onTypes}
        text={text}
        onText={onText}
        isPaused={isPaused}
        onPaused={setPaused}
      />
      <NewEntries held={state.held} onShow={() => goTo(Infinity)} />
      <div ref={reading.top} class="list-top" />
      <div onFocusIn={reading.onFocusIn} onFocusOut={reading.onFocusOut}>
        <EntryList page={page} withService={service === undefined} />
      </div>
      <Paging
        state={state}
        page={page}
        subject={{ of: subjectOf(service, record), isFiltered: types.length > 0 || text.trim() !== '' }}
        isNewest={anchor === Infinity}
        onAnchor={goTo}
        onLoad={() => history.loadOlder()}
        onRetry={() => history.reload()}
      />
    </section>
  );
}

function useHistory(service: string | undefined, filter: TimelineFilter, isHeld: boolean): History {
  const history = useMemo(() => new History(service, filter), [service]);
  useEffect(() => history.start(), [history]);
  useEffect(() => history.setFilter(filter), [history, JSON.stringify(filter)]);
  useLayoutEffect(() => history.setHeld(isHeld), [history, isHeld]);
  return history;
}

function EntryList({ page, withService }: { readonly page: EntryPage; readonly withService: boolean }) {
  return (
    <ol class={current.value ? 'entries' : 'entries stale'}>
      {page.entries.map((entry) => (
        <Entry key={entry.n} entry={entry} withService={withService} />
      ))}
    </ol>
  );
}

function subjectOf(service: string | undefined, record: string | undefined): 'record' | 'service' | 'all' {
  if (record !== undefined) return 'record';
  return service === undefined ? 'all' : 'service';
}
