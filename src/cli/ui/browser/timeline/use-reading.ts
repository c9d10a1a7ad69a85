import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface Reading {
  /** Whether the reader looks at what is further down, or has the focus within the list. */
  readonly isReading: boolean;
  /** An element at the begin of the list. */
  readonly top: RefObject<HTMLDivElement | null>;
  readonly onFocusIn: () => void;
  readonly onFocusOut: (event: FocusEvent) => void;
}

/** Finds out whether a list must stay as it is, because someone reads it. */
export function useReading(): Reading {
  const top = useRef<HTMLDivElement>(null);
  const [isAway, setAway] = useState(false);
  const [hasFocus, setFocus] = useState(false);
  useEffect(() => (top.current ? observe(top.current, setAway) : undefined), []);
  return {
    isReading: isAway || hasFocus,
    top,
    onFocusIn: () => setFocus(true),
    onFocusOut: ({ relatedTarget, currentTarget }) => {
      const isInside =
        relatedTarget instanceof Node && (currentTarget as Node | null)?.contains(relatedTarget);
      if (!isInside) setFocus(false);
    },
  };
}

/** Reports whether an element was scrolled out at the top of what contains it. */
function observe(element: Element, onAway: (isAway: boolean) => void): () => void {
  const observer = new IntersectionObserver((changes) => {
    for (const { isIntersecting, boundingClientRect } of changes) {
      const container = element.closest('aside, main');
      const start = container?.getBoundingClientRect().top ?? 0;
      onAway(!isIntersecting && boundingClientRect.top < start);
    }
  });
  observer.observe(element);
  return () => observer.disconnect();
}
