import { useState } from 'preact/hooks';
import type { EntryKind } from '../../protocol/index.js';
import { navigate, view } from '../url/index.js';
import { Entries } from './entries.js';
import { parseTypes } from './entry-query.js';

/** What happened to a service, live; to all services without one. The filter is in the URL. */
export function Timeline({ service }: { readonly service: string | undefined }) {
  const { types, filter } = view.value;
  return (
    <section class="timeline" aria-label="Timeline">
      <p class="hint">Times are when the command saw a change: etcd stores none.</p>
      <Entries
        key={service ?? '\0'}
        service={service}
        types={parseTypes(types)}
        onTypes={(chosen) => navigate({ types: chosen.join(',') }, { replace: true })}
        text={filter}
        onText={(text) => navigate({ filter: text }, { replace: true })}
      />
    </section>
  );
}

interface RecordTimelineProps {
  readonly service: string;
  /** The key of the record. */
  readonly record: string;
}

/** What happened to one record. */
export function RecordTimeline({ service, record }: RecordTimelineProps) {
  const [types, setTypes] = useState<readonly EntryKind[]>([]);
  const [text, setText] = useState('');
  return (
    <Entries
      key={record}
      service={service}
      record={record}
      types={types}
      onTypes={setTypes}
      text={text}
      onText={setText}
    />
  );
}
