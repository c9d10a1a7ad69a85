import type { Sort } from '../url/index.js';
import { type Column, cellClass } from './column.js';

export interface GridHeaderProps<T> {
  readonly columns: readonly Column<T>[];
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort | undefined) => void;
}

/** The header of a grid, with a button in each column by which the grid can be sorted. */
export function GridHeader<T>({ columns, sort, onSort }: GridHeaderProps<T>) {
  return (
    <thead>
      <tr class="header" aria-rowindex={1}>
        {columns.map((column) => (
          <th
            key={column.field}
            scope="col"
            class={cellClass(column)}
            title={column.title}
            aria-sort={ariaSort(column.field, sort)}
          >
            {column.sortable ? (
              <button type="button" onClick={() => onSort(nextSort(column.field, sort))}>
                {column.label}
                <span class="sort-mark" aria-hidden="true">
                  {sortMark(column.field, sort)}
                </span>
              </button>
            ) : (
              column.label
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** Ascending, descending, and the order of the list without a choice. */
function nextSort(field: string, sort: Sort | undefined): Sort | undefined {
  if (sort?.field !== field) return { field, descending: false };
  return sort.descending ? undefined : { field, descending: true };
}

function ariaSort(field: string, sort: Sort | undefined): 'ascending' | 'descending' | undefined {
  if (sort?.field !== field) return undefined;
  return sort.descending ? 'descending' : 'ascending';
}

function sortMark(field: string, sort: Sort | undefined): string {
  if (sort?.field !== field) return '';
  return sort.descending ? '▼' : '▲';
}
