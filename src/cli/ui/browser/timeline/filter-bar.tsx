import { type Kind, kinds } from '../../shared/index.js';

interface FilterBarProps {
  /** Empty for all. */
  readonly kinds: ReadonlySet<Kind>;
  readonly onKinds: (kinds: ReadonlySet<Kind>) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** Chooses the entries that are shown, by type and by text. */
export function FilterBar({ kinds: chosen, onKinds, text, onText }: FilterBarProps) {
  return (
    <div class="filter-bar">
      <fieldset class="chips">
        <legend>Types</legend>
        {kinds.map((kind) => (
          <button
            key={kind}
            type="button"
            class={`chip ${kind}`}
            aria-pressed={chosen.has(kind)}
            onClick={() => onKinds(toggled(chosen, kind))}
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
          autocomplete="off"
          spellcheck={false}
          placeholder="words, such as an address"
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
    </div>
  );
}

function toggled(chosen: ReadonlySet<Kind>, kind: Kind): ReadonlySet<Kind> {
  return new Set(kinds.filter((each) => (each === kind) !== chosen.has(each)));
}
