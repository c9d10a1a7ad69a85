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

/**
 * Focuses the first of these elements that is still in the document, else the main part. The element that had the focus
 * may be gone: the list shows other records now, the record has left, or a button was replaced.
 */
export function returnFocus(...candidates: readonly (Element | null | undefined)[]): void {
  const target = candidates.find((element) => element?.isConnected && element !== document.body);
  const focused = target instanceof HTMLElement ? target : document.querySelector('main');
  focused?.focus({ preventScroll: true });
}
