import { useId } from 'preact/hooks';
import { pluralize, visible } from '../text/index.js';
import { navigate, type Sort, view } from '../url/index.js';
import { DelayedInput } from './delayed-input.js';

export interface FilterBarProps {
  readonly label: string;
  readonly hints: readonly string[];
  /** The names that the list can be sorted and filtered by. */
  readonly fields: readonly string[];
  readonly count: number;
  readonly total: number;
  readonly noun: string;
  /** Examples of a filter, and of what the list is sorted by. */
  readonly filterHint: string;
  readonly sortHint: string;
}

/** The filter and the order of a list, which are parts of the URL. */
export function FilterBar(props: FilterBarProps) {
  const { label, hints, fields, count, total, noun } = props;
  const id = useId();
  return (
    <search class="filter-bar">
      <label htmlFor={`${id}-filter`}>{label}</label>
      <FilterInput id={id} placeholder={props.filterHint} />
      <label htmlFor={`${id}-sort`}>Sort by</label>
      <SortInput id={id} fields={fields} placeholder={props.sortHint} />
      <output class="count">{countText(count, total, noun)}</output>
      <p class="hints" id={`${id}-hints`}>
        {hints.map((hint) => visible(hint)).join(' ')}
      </p>
    </search>
  );
}

function countText(count: number, total: number, noun: string): string {
  return count === total ? pluralize(total, noun) : `${count} of ${pluralize(total, noun)}`;
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
