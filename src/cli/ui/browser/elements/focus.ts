import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * Gives the focus to an element when it is shown, unless nothing had it: then the page has just been opened. When the
 * component goes, the focus returns, unless it is elsewhere by then.
 * @param container a selector of what contains the element and goes with it.
 * @returns the reference of the element.
 */
export function useBorrowedFocus<E extends HTMLElement>(container: string): RefObject<E | null> {
  const element = useRef<E>(null);
  useEffect(() => borrowFocus(element.current, element.current?.closest(container)), []);
  return element;
}

function borrowFocus(element: HTMLElement | null, container: Element | null | undefined): () => void {
  const before = document.activeElement;
  if (before !== document.body) element?.focus();
  return () => {
    const { activeElement } = document;
    if (activeElement === document.body || container?.contains(activeElement)) returnFocus(before);
  };
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
