import { Time } from '../elements/index.js';
import { visible } from '../text/index.js';
import type { HistoryState } from './history-state.js';
import type { EntryPage } from './select-page.js';

interface PagingProps {
  readonly state: HistoryState;
  readonly page: EntryPage;
  readonly isNewest: boolean;
  readonly onAnchor: (n: number) => void;
  readonly onLoad: () => void;
  readonly onRetry: () => void;
}

/** What the list contains, and the way to older entries. */
export function Paging({ state, page, isNewest, onAnchor, onLoad, onRetry }: PagingProps) {
  const { next } = page;
  return (
    <div class="paging">
      <Extent state={state} page={page} />
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
      {next === undefined && state.more && (
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

function Extent({ state: { entries, loading, more, dropped }, page }: Pick<PagingProps, 'state' | 'page'>) {
  const oldest = entries.at(-1);
  if (!oldest) return <p>{loading ? 'Loading …' : 'Nothing has happened since the command started.'}</p>;
  return (
    <p>
      {page.entries.length} of {entries.length} loaded entries, back to <Time at={oldest.at} />.{' '}
      {!more &&
        dropped > 0 &&
        `Older ones were dropped, ${dropped} of all services: the command keeps a limited number.`}
      {!more && dropped === 0 && 'These are all since the command started.'}
    </p>
  );
}
