import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * Gives the focus to an element when it is shown, unless nothing had it: then the page has just been opened.
 * @returns the reference of the element, and a function that gives the focus back.
 */
export function useBorrowedFocus<E extends HTMLElement>(): [RefObject<E | null>, () => void] {
  const element = useRef<E>(null);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    before.current = document.activeElement;
    if (before.current !== document.body) element.current?.focus();
  }, []);
  return [element, () => returnFocus(before.current)];
}

/** The element that had the focus may be gone: the list shows other records now, or the record has left. */
export function returnFocus(before: Element | null): void {
  const target =
    before instanceof HTMLElement && before.isConnected && before !== document.body
      ? before
      : document.querySelector('main');
  target?.focus({ preventScroll: true });
}
