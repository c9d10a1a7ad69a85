import type { Held } from './history-state.js';

interface NewEntriesProps {
  readonly held: Held | undefined;
  readonly onShow: () => void;
}

/** The way to the entries that arrived while the list is held. It covers the list instead of moving it. */
export function NewEntries({ held, onShow }: NewEntriesProps) {
  const hasNew = held && (held.count > 0 || held.gap);
  return (
    <div class="new-entries">
      {hasNew && (
        <button type="button" class="primary" onClick={onShow}>
          {newText(held)}
        </button>
      )}
    </div>
  );
}

function newText({ count, gap }: Held): string {
  if (gap) return 'New entries';
  return count === 1 ? '1 new entry' : `${count} new entries`;
}
