import { useId } from 'preact/hooks';
import type { FieldSet } from '../filter/index.js';
import { settings } from '../state/index.js';
import { visible } from '../text/index.js';
import { navigate, type Sort, view } from '../url/index.js';
import { DelayedInput } from './delayed-input.js';
import { FilterHelp } from './filter-help.js';

export interface FilterBarProps<T> {
  readonly label: string;
  /** What the user should know about the filter and the order. It is announced. */
  readonly hints: readonly string[];
  /** A fact about the records, such as a limit. It may change at any time, and is not announced. */
  readonly note?: string;
  /** What the list can be sorted and filtered by. */
  readonly fields: FieldSet<T>;
  /** The size of the list; shown when the records are known. */
  readonly count: string;
  /** Examples of a filter, and of what the list is sorted by. */
  readonly filterHint: string;
  readonly sortHint: string;
}

/** The filter and the order of a list, which are parts of the URL. */
export function FilterBar<T>({ label, hints, note, fields, count, ...props }: FilterBarProps<T>) {
  const id = useId();
  return (
    <search class="filter-bar">
      <label htmlFor={`${id}-filter`}>{label}</label>
      <FilterInput id={id} placeholder={props.filterHint} />
      <FilterHelp fields={fields} />
      <label htmlFor={`${id}-sort`}>Sort by</label>
      <SortInput id={id} fields={sortNames(fields)} placeholder={props.sortHint} />
      <span class="count">{settings.value ? count : ''}</span>
      <p class="hints" id={`${id}-hints`} role="status">
        {hints.map((hint) => visible(hint, maxHint)).join(' ')}
      </p>
      {note && <p class="note">{note}</p>}
    </search>
  );
}

/** The names of the fields are a part of some hints. */
const maxHint = 500;

/** `metadata.` and a path is not a name to choose. */
function sortNames<T>({ fields }: FieldSet<T>): readonly string[] {
  return fields.filter(({ unordered }) => unordered === undefined).map(({ name }) => name);
}

function FilterInput({ id, placeholder }: { readonly id: string; readonly placeholder: string }) {
  const setFilter = (filter: string) => navigate({ filter }, { replace: true });
  return (
    <DelayedInput
      id={`${id}-filter`}
      value={view.value.filter}
      onValue={setFilter}
      type="search"
      placeholder={placeholder}
      describedBy={`${id}-hints`}
    />
  );
}

interface SortInputProps {
  readonly id: string;
  readonly fields: readonly string[];
  readonly placeholder: string;
}

function SortInput({ id, fields, placeholder }: SortInputProps) {
  const { sort } = view.value;
  const setSort = (next: Sort | undefined) => navigate({ sort: next }, { replace: true });
  return (
    <>
      <DelayedInput
        id={`${id}-sort`}
        value={sort?.field ?? ''}
        onValue={(field) => setSort(field ? { field, descending: sort?.descending ?? false } : undefined)}
        type="text"
        placeholder={placeholder}
        listId={`${id}-fields`}
      />
      <datalist id={`${id}-fields`}>
        {fields.map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      <button
        type="button"
        class="direction"
        disabled={!sort}
        aria-pressed={sort?.descending ?? false}
        aria-label="Descending"
        onClick={() => sort && setSort({ ...sort, descending: !sort.descending })}
      >
        {sort?.descending ? '▼' : '▲'}
      </button>
    </>
  );
}
