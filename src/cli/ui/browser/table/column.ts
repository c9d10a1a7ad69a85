import type { ComponentChildren } from 'preact';
import { type FieldSet, findField } from '../filter/index.js';

/** A column of a grid. */
export interface Column<T> {
  /** The name of the field, by which the list is sorted and filtered. */
  readonly field: string;
  /** The name of its width in the style sheet, if that is not the field. */
  readonly style?: string;
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

/** The parts of a column that a field has. */
export function fieldColumn<T>(
  fields: FieldSet<T>,
  name: string,
): Pick<Column<T>, 'field' | 'label' | 'title' | 'sortable'> {
  const field = findField(name, fields);
  if (!field) throw new Error(`there is no field ${name}`);
  const { label, title } = field;
  return { field: field.name, label, sortable: field.unordered === undefined, ...(title && { title }) };
}

/** The style sheet gives each column its width, and hides some where there is little space. */
export function cellClass({
  field,
  style,
  numeric,
}: Pick<Column<unknown>, 'field' | 'style' | 'numeric'>): string {
  return `cell field-${style ?? field}${numeric ? ' numeric' : ''}`;
}
