import { useEffect, useState } from 'preact/hooks';
import type { EndpointRow } from '../../protocol/index.js';
import { EndpointDetails } from '../details/index.js';
import { settings, store } from '../state/index.js';
import { navigate } from '../url/index.js';

interface Selected {
  /** The last state of the record; undefined if the page has not seen it. */
  readonly row: EndpointRow | undefined;
  readonly gone: boolean;
}

/** The details of the record of the URL. They stay when the record is gone. Rendered with `recordKey` as its `key`. */
export function SelectedEndpoint({ recordKey }: { readonly recordKey: string }) {
  const [{ row, gone }, setSelected] = useState<Selected>(() => read(recordKey, undefined));
  useEffect(() => {
    const update = () => setSelected((before) => read(recordKey, before));
    update();
    return store.listen({ onChanges: ({ keys }) => keys.has(recordKey) && update(), onReplaced: update });
  }, [recordKey]);
  return row ? <EndpointDetails row={row} gone={gone} onClose={close} /> : <UnknownEndpoint />;
}

/** A link may lead to a record that was deleted before the page was opened. */
function UnknownEndpoint() {
  if (!settings.value) return null;
  return (
    <aside class="details" aria-label="Endpoint">
      <p>The record of this link does not exist.</p>
      <button type="button" onClick={close}>
        Close
      </button>
    </aside>
  );
}

function read(key: string, before: Selected | undefined): Selected {
  const row = store.rows.get(key);
  const next = { row: row ?? before?.row, gone: row === undefined };
  return before && before.row === next.row && before.gone === next.gone ? before : next;
}

function close(): void {
  navigate({ selected: undefined }, { replace: true });
}
