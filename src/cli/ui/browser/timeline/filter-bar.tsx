import type { EntryKind } from '../../protocol/index.js';
import { entryKinds } from '../../shared/index.js';
import { maxTextLength } from './entry-query.js';

interface FilterBarProps {
  /** Empty for all. */
  readonly types: readonly EntryKind[];
  readonly onTypes: (types: readonly EntryKind[]) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly isPaused: boolean;
  readonly onPaused: (isPaused: boolean) => void;
}

/** Chooses the entries that are shown, by type and by text, and whether new ones appear by themselves. */
export function FilterBar({ types, onTypes, text, onText, isPaused, onPaused }: FilterBarProps) {
  return (
    <div class="filter-bar">
      <fieldset class="chips">
        <legend>Types</legend>
        {entryKinds.map((kind) => (
          <button
            key={kind}
            type="button"
            class={`chip ${kind}`}
            aria-pressed={types.includes(kind)}
            onClick={() => onTypes(toggled(types, kind))}
          >
            {kind}
          </button>
        ))}
      </fieldset>
      <label>
        Filter{' '}
        <input
          type="search"
          value={text}
          maxLength={maxTextLength}
          autocomplete="off"
          spellcheck={false}
          placeholder="words, such as an address"
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
      <button type="button" class="chip" aria-pressed={isPaused} onClick={() => onPaused(!isPaused)}>
        Pause
      </button>
    </div>
  );
}

function toggled(chosen: readonly EntryKind[], kind: EntryKind): readonly EntryKind[] {
  return entryKinds.filter((each) => (each === kind) !== chosen.includes(each));
}
