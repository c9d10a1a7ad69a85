import { Component, createRef } from 'preact';
import type { Sort } from '../url/index.js';
import type { Column } from './column.js';
import { GridHeader } from './grid-header.js';
import { targetRow } from './grid-keys.js';
import type { LiveList } from './live-list.js';
import { isControl, Row, rowElement, rowIndexOf } from './row.js';
import { Viewport } from './viewport.js';

/** The height of a row and of the header in pixels. The style sheet sets the same. */
export const rowHeight = 34;

export interface GridProps<T> {
  /** What the list contains, for assistive technology. */
  readonly label: string;
  readonly list: LiveList<T>;
  readonly columns: readonly Column<T>[];
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort | undefined) => void;
  /** The key of the item whose details are shown. */
  readonly selected?: string | undefined;
  readonly onOpen: (item: T) => void;
  readonly classOf?: (item: T) => string;
  /** Called with the items in the visible part, when they may have changed. */
  readonly onVisible?: (items: readonly T[]) => void;
  /** Whether the items are not current. */
  readonly stale: boolean;
  /** What is shown instead of rows if there are none. */
  readonly empty: string;
}

/**
 * A list as a table of which only the visible rows are in the document. The arrow keys, PageUp, PageDown, Home and End
 * move between rows, and Enter opens one. What the reader sees and the row with the focus stay while the list changes.
 */
export class Grid<T> extends Component<GridProps<T>> {
  readonly #scroller = createRef<HTMLDivElement>();
  readonly #viewport = new Viewport<T>(rowHeight);
  /** The row that the Tab key reaches. */
  #activeKey: string | undefined;
  #activeIndex = 0;
  #restoreFocus = false;
  #observer: ResizeObserver | undefined;

  override componentDidMount(): void {
    this.#observer = new ResizeObserver(this.#measure);
    if (this.#scroller.current) this.#observer.observe(this.#scroller.current);
    this.#measure();
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  override componentDidUpdate(): void {
    const scroller = this.#scroller.current;
    if (!scroller) return;
    this.#viewport.scroll(scroller);
    if (this.#restoreFocus) this.#focusActive();
    this.#reportVisible();
  }

  override render(props: GridProps<T>) {
    const { list, label, columns, stale } = props;
    // Read to render again when the list changes.
    void list.version.value;
    this.#restoreFocus = this.#hasFocusedRow();
    this.#viewport.follow(list, this.#activeKey);
    this.#followActive(list);
    return (
      <div
        ref={this.#scroller}
        class={stale ? 'grid-scroller stale' : 'grid-scroller'}
        onScroll={this.#scroll}
      >
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: https://www.w3.org/WAI/ARIA/apg/patterns/grid/
          role="grid"
          aria-label={label}
          aria-rowcount={list.items.length + 1}
          class="grid"
          tabIndex={-1}
          style={{ height: `${(list.items.length + 1) * rowHeight}px` }}
          onKeyDown={this.#keyDown}
          onClick={this.#click}
          onFocusIn={this.#focusIn}
        >
          <GridHeader columns={columns} sort={props.sort} onSort={props.onSort} />
          <tbody>{this.#rowIndexes(list.items.length).map((index) => this.#row(props, index))}</tbody>
        </table>
        {list.isComplete && list.items.length === 0 && <p class="empty">{props.empty}</p>}
      </div>
    );
  }

  #row({ list, columns, classOf, selected }: GridProps<T>, index: number) {
    const item = list.items[index];
    if (item === undefined) return null;
    const key = list.keyOf(item);
    return (
      <Row
        key={key}
        item={item}
        index={index}
        top={(index + 1) * rowHeight}
        columns={columns}
        active={index === this.#activeIndex}
        selected={key === selected}
        className={classOf?.(item) ?? ''}
      />
    );
  }

  /** The visible rows, and the active one: an element that leaves the document loses the focus. */
  #rowIndexes(count: number): number[] {
    const { start, end } = this.#viewport.window(count);
    const indexes = Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
    const active = this.#activeIndex;
    if (active < count && (active < start || active >= end)) indexes.push(active);
    return indexes.sort((a, b) => a - b);
  }

  /** An active row that is gone is replaced by the one in its place. */
  #followActive(list: LiveList<T>): void {
    const index = this.#activeKey === undefined ? -1 : list.indexOf(this.#activeKey);
    this.#activeIndex = index >= 0 ? index : Math.max(0, Math.min(this.#activeIndex, list.items.length - 1));
    const item = list.items[this.#activeIndex];
    this.#activeKey = item === undefined ? undefined : list.keyOf(item);
  }

  #hasFocusedRow(): boolean {
    const focused = document.activeElement;
    return rowIndexOf(focused) !== undefined && (this.#scroller.current?.contains(focused) ?? false);
  }

  #focusActive(): void {
    const scroller = this.#scroller.current;
    const row = scroller && rowElement(scroller, this.#activeIndex);
    if (row && row !== document.activeElement) row.focus({ preventScroll: true });
  }

  #moveTo(index: number): void {
    const item = this.props.list.items[index];
    if (item === undefined) return;
    this.#activeKey = this.props.list.keyOf(item);
    this.#viewport.reveal(index);
    this.forceUpdate(() => this.#focusActive());
  }

  #open(index: number | undefined): void {
    const item = index === undefined ? undefined : this.props.list.items[index];
    if (item !== undefined) this.props.onOpen(item);
  }

  readonly #keyDown = (event: KeyboardEvent): void => {
    const index = rowIndexOf(event.target);
    if (index === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = targetRow(event.key, index, this.#viewport.pageRows, this.props.list.items.length);
    if (target !== undefined) this.#moveTo(target);
    else if (event.key === 'Enter' && !isControl(event.target)) this.#open(index);
    else return;
    event.preventDefault();
  };

  readonly #click = (event: MouseEvent): void => {
    if (!isControl(event.target)) this.#open(rowIndexOf(event.target));
  };

  readonly #focusIn = (event: FocusEvent): void => {
    const item = this.props.list.items[rowIndexOf(event.target) ?? -1];
    const key = item === undefined ? undefined : this.props.list.keyOf(item);
    if (key === undefined || key === this.#activeKey) return;
    this.#activeKey = key;
    this.forceUpdate();
  };

  readonly #scroll = (): void => {
    if (this.#viewport.scrollTo(this.#scroller.current?.scrollTop ?? 0)) this.forceUpdate();
  };

  readonly #measure = (): void => {
    if (this.#viewport.resize((this.#scroller.current?.clientHeight ?? 0) - rowHeight)) this.forceUpdate();
  };

  #reportVisible(): void {
    const { list, onVisible } = this.props;
    const { start, end } = this.#viewport.window(list.items.length);
    onVisible?.(list.items.slice(start, end));
  }
}
