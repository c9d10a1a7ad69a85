import { Time } from '../elements/index.js';
import { visible } from '../text/index.js';
import { countText, emptyText, endText, type ListSubject } from './extent-text.js';
import type { HistoryState } from './history-state.js';
import type { EntryPage } from './select-page.js';

interface PagingProps {
  readonly state: HistoryState;
  readonly page: EntryPage;
  readonly subject: ListSubject;
  readonly isNewest: boolean;
  readonly onAnchor: (n: number) => void;
  readonly onLoad: () => void;
  readonly onRetry: () => void;
}

/** What the list contains, and the way to older entries. */
export function Paging({ state, page, subject, isNewest, onAnchor, onLoad, onRetry }: PagingProps) {
  const { next } = page;
  return (
    <div class="paging">
      <Extent state={state} page={page} subject={subject} />
      {!isNewest && (
        <button type="button" onClick={() => onAnchor(Infinity)}>
          Newest
        </button>
      )}
      {next !== undefined && (
        <button type="button" onClick={() => onAnchor(next)}>
          Older
        </button>
      )}
      {next === undefined && state.next !== undefined && (
        <button type="button" aria-disabled={state.loading} onClick={onLoad}>
          Load older
        </button>
      )}
      {state.error !== undefined && (
        <p class="error" role="alert">
          The entries could not be read: {visible(state.error, 500)}{' '}
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

function Extent({ state, page, subject }: Pick<PagingProps, 'state' | 'page' | 'subject'>) {
  const oldest = page.entries.at(-1);
  if (!oldest) return <p>{`${emptyText(state, subject)} ${endText(state, subject)}`}</p>;
  return (
    <p>
      {countText(page.entries.length, state, subject)}, back to <Time at={oldest.at} />.{' '}
      {endText(state, subject)}
    </p>
  );
}
