import type { LiveList } from './live-list.js';
import { type Anchor, anchoredScrollTop, scrollTopFor, visibleWindow, type Window } from './window.js';

/** The visible part of a list. It stays on the same rows while the list changes. */
export class Viewport<T> {
  readonly #rowHeight: number;
  #scrollTop = 0;
  /** The scroll position that the element is known to have. Reading it would cause a layout. */
  #elementScrollTop = 0;
  #height = 0;
  /** The version and the generation of the list that were shown last. */
  #version = -1;
  #generation = 0;
  #anchors: readonly Anchor[] = [];

  constructor(rowHeight: number) {
    this.#rowHeight = rowHeight;
  }

  get scrollTop(): number {
    return this.#scrollTop;
  }

  /** The number of rows that are visible completely. */
  get pageRows(): number {
    return Math.floor(this.#height / this.#rowHeight);
  }

  window(count: number): Window {
    return visibleWindow(this.#scrollTop, this.#height, this.#rowHeight, count);
  }

  /** Returns whether other rows are visible now. */
  scrollTo(scrollTop: number): boolean {
    const changes = scrollTop !== this.#scrollTop;
    this.#scrollTop = scrollTop;
    this.#elementScrollTop = scrollTop;
    return changes;
  }

  /** Moves the element to the scroll position, if it is not there. */
  scroll(element: Element): void {
    if (this.#scrollTop === this.#elementScrollTop) return;
    element.scrollTop = this.#scrollTop;
    this.#elementScrollTop = this.#scrollTop;
  }

  /** Returns whether the height differs. */
  resize(height: number): boolean {
    const changes = height !== this.#height;
    this.#height = height;
    return changes;
  }

  /** Scrolls until the row is visible. */
  reveal(index: number): void {
    this.#scrollTop = scrollTopFor(index, this.#scrollTop, this.#height, this.#rowHeight);
  }

  /** Adapts the scroll position to the list as it is now. */
  follow(list: LiveList<T>, activeKey: string | undefined): void {
    if (list.generation !== this.#generation) this.#scrollTop = 0;
    else if (list.version.value !== this.#version) this.#keepAnchors(list);
    this.#generation = list.generation;
    this.#version = list.version.value;
    const max = Math.max(0, list.items.length * this.#rowHeight - this.#height);
    this.#scrollTop = Math.min(this.#scrollTop, max);
    this.#anchors = this.#visibleAnchors(list, activeKey);
  }

  /** A row that changed may have moved because of that: the view does not follow it. */
  #keepAnchors(list: LiveList<T>): void {
    const unchanged = this.#anchors.filter(({ key }) => !list.changed.has(key));
    this.#scrollTop = anchoredScrollTop(this.#scrollTop, this.#rowHeight, unchanged, (key) =>
      list.indexOf(key),
    );
  }

  /** The visible rows from the top; before them the active one, if it is visible. */
  #visibleAnchors(list: LiveList<T>, activeKey: string | undefined): Anchor[] {
    const first = Math.ceil(this.#scrollTop / this.#rowHeight);
    const anchors = list.items.slice(first, first + this.pageRows).map((item, i) => ({
      key: list.keyOf(item),
      offset: (first + i) * this.#rowHeight - this.#scrollTop,
    }));
    return anchors.sort((a, b) => Number(b.key === activeKey) - Number(a.key === activeKey));
  }
}
