import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Kind } from '../../shared/index.js';
import { current } from '../state/index.js';
import { navigate, view } from '../url/index.js';
import { Entry } from './entry.js';
import { FilterBar } from './filter-bar.js';
import { History } from './history.js';
import { Paging } from './paging.js';
import { selectPage } from './select-page.js';

/** What happened to a service, live; to all services without one. */
export function Timeline({ service }: { readonly service: string | undefined }) {
  return (
    <section class="timeline" aria-label="Timeline">
      <p class="hint">Times are when the command saw a change: etcd stores none.</p>
      <Entries
        key={service ?? '\0'}
        service={service}
        text={view.value.filter}
        onText={(filter) => navigate({ filter }, { replace: true })}
      />
    </section>
  );
}

/** What happened to one record. */
export function RecordTimeline({ service, record }: { readonly service: string; readonly record: string }) {
  const [text, setText] = useState('');
  return <Entries key={record} service={service} record={record} text={text} onText={setText} />;
}

interface EntriesProps {
  readonly service: string | undefined;
  readonly record?: string | undefined;
  readonly text: string;
  readonly onText: (text: string) => void;
}

function Entries({ service, record, text, onText }: EntriesProps) {
  const history = useMemo(() => new History(service), [service]);
  useEffect(() => history.start(), [history]);
  const [chosen, setChosen] = useState<ReadonlySet<Kind>>(new Set());
  const [anchor, setAnchor] = useState(Infinity);
  const state = history.state.value;
  const page = selectPage(state.entries, { kinds: chosen, text, key: record }, anchor);
  return (
    <>
      <FilterBar kinds={chosen} onKinds={setChosen} text={text} onText={onText} />
      <ol class={current.value ? 'entries' : 'entries stale'}>
        {page.entries.map((entry) => (
          <Entry key={entry.n} entry={entry} withService={service === undefined} />
        ))}
      </ol>
      <Paging
        state={state}
        page={page}
        isNewest={anchor === Infinity}
        onAnchor={setAnchor}
        onLoad={() => history.loadOlder()}
        onRetry={() => history.reload()}
      />
    </>
  );
}
