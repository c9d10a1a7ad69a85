import { Component } from 'preact';
import { Cell } from './cell.js';
import type { Column } from './column.js';

export interface RowProps<T> {
  readonly item: T;
  readonly index: number;
  readonly top: number;
  readonly columns: readonly Column<T>[];
  /** Whether the row is the one that the Tab key reaches. */
  readonly active: boolean;
  readonly selected: boolean;
  readonly className: string;
}

/** The header is the first row of the grid, and ARIA counts from 1. */
const indexOffset = 2;

/** A row of a grid. It renders only when one of its properties differs. */
export class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const names = Object.keys(next) as (keyof RowProps<T>)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render({ item, index, top, columns, active, selected, className }: RowProps<T>) {
    return (
      <tr
        class={`row ${className}`}
        aria-rowindex={index + indexOffset}
        aria-selected={selected}
        tabIndex={active ? 0 : -1}
        style={{ transform: `translateY(${top}px)` }}
      >
        {columns.map((column) => (
          <Cell key={column.field} item={item} column={column} />
        ))}
      </tr>
    );
  }
}

/** The index of the row that contains an element of the document; undefined outside of rows. */
export function rowIndexOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest('tr.row') : null;
  const index = row?.getAttribute('aria-rowindex');
  return index ? Number(index) - indexOffset : undefined;
}

/** The element of a row, if it is in the document. */
export function rowElement(grid: Element, index: number): HTMLElement | null {
  return grid.querySelector<HTMLElement>(`tr.row[aria-rowindex="${index + indexOffset}"]`);
}

/** Whether an event of this element belongs to a control within a row, such as a link or a button. */
export function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('tr.row :is(a, button, input, dialog)') !== null;
}
