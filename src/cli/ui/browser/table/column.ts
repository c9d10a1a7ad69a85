import type { ComponentChildren } from 'preact';

/** A column of a grid. */
export interface Column<T> {
  /** The name of the field, by which the list is sorted and filtered. */
  readonly field: string;
  readonly label: string;
  /** Explains the column, if the label does not. */
  readonly title?: string;
  readonly sortable: boolean;
  readonly numeric?: boolean;
  /** The text of the cell, ready to be shown. A change of it is highlighted. */
  text(item: T): string;
  /** What the cell shows instead of its text. */
  render?(item: T): ComponentChildren;
  /** The tooltip of the cell. */
  titleOf?(item: T): string | undefined;
}

/** The style sheet gives each field its width, and hides some where there is little space. */
export function cellClass({ field, numeric }: Pick<Column<unknown>, 'field' | 'numeric'>): string {
  return `cell field-${field}${numeric ? ' numeric' : ''}`;
}
