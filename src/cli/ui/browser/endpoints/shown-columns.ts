import type { EndpointRow } from '../../protocol/index.js';
import { type Field, sortField } from '../filter/index.js';
import type { Column } from '../table/column.js';
import { visible } from '../text/index.js';
import type { Sort } from '../url/index.js';
import { endpointFields } from './endpoint-fields.js';

/** More elements of a list would not fit in a cell. */
const maxValues = 5;

/**
 * The columns without the actions if all are refused, and after the address one for what the list is sorted by, if no
 * other column shows that.
 */
export function shownColumns(
  columns: readonly Column<EndpointRow>[],
  sort: Sort | undefined,
  readOnly: boolean,
): readonly Column<EndpointRow>[] {
  const sorted = sortField(sort, endpointFields);
  return columns.flatMap((column) => {
    if (column.field === 'actions' && readOnly) return [];
    const isPlace =
      sorted && column.field === 'address' && !columns.some(({ field }) => field === sorted.name);
    return isPlace ? [column, sortColumn(sorted)] : [column];
  });
}

function sortColumn({ name, label, title, values }: Field<EndpointRow>): Column<EndpointRow> {
  return {
    field: name,
    style: 'sorted',
    label: visible(label, 40),
    title: visible(title ?? label),
    sortable: true,
    text: (row) =>
      values(row)
        .slice(0, maxValues)
        .map((value) => visible(String(value), 60))
        .join(', '),
  };
}
