/** The rows of a virtual list that are in the document, from `start` up to but not including `end`. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Rows beyond the visible ones, so that scrolling shows no gap before the next rendering. */
const overscan = 4;

export function visibleWindow(scrollTop: number, height: number, rowHeight: number, count: number): Window {
  const start = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return { start: Math.min(start, count), end: Math.max(end, 0) };
}

/** The scroll position at which a row is completely visible; the present one if it is. */
export function scrollTopFor(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop || height < rowHeight) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}

/** A row and its distance from the top of the visible part. */
export interface Anchor {
  readonly key: string;
  readonly offset: number;
}

/**
 * The scroll position after a change of the list, at which the reader sees the same rows: the first of `anchors` that is
 * still in the list stays where it is. A list at its top stays there, so that new first rows are seen.
 */
export function anchoredScrollTop(
  scrollTop: number,
  rowHeight: number,
  anchors: readonly Anchor[],
  indexOf: (key: string) => number,
): number {
  if (scrollTop <= 0) return 0;
  for (const { key, offset } of anchors) {
    const index = indexOf(key);
    if (index >= 0) return Math.max(0, index * rowHeight - offset);
  }
  return scrollTop;
}
