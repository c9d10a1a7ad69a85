import { Component } from 'preact';
import { type Column, cellClass } from './column.js';

interface CellProps<T> {
  readonly item: T;
  readonly column: Column<T>;
}

/** A cell that is highlighted for a moment when its text changes. */
export class Cell<T> extends Component<CellProps<T>> {
  #text: string | undefined;
  #changes = 0;

  override render({ item, column }: CellProps<T>) {
    const text = column.text(item);
    if (this.#text !== undefined && this.#text !== text) this.#changes += 1;
    this.#text = text;
    return (
      <td class={cellClass(column)} title={column.titleOf?.(item)}>
        {/* A new element, because an animation of an element does not start again. */}
        <bdi key={this.#changes} class={this.#changes > 0 ? 'changed' : undefined}>
          {column.render?.(item) ?? text}
        </bdi>
      </td>
    );
  }
}
