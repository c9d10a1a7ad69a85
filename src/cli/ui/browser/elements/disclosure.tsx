import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export interface DisclosureProps {
  /** What the button says. */
  readonly name: string;
  readonly class: string;
  readonly onOpen?: () => void;
  readonly children: ComponentChildren;
}

/**
 * A button that shows something over the page, which nothing moves for. Escape closes it, and so does what takes the focus
 * elsewhere.
 */
export function Disclosure({ name, class: className, onOpen, children }: DisclosureProps) {
  const element = useRef<HTMLDetailsElement>(null);
  return (
    <details
      class={className}
      ref={element}
      onToggle={() => element.current?.open && onOpen?.()}
      onKeyDown={(event) => event.key === 'Escape' && closeByKey(element.current, event)}
      onFocusOut={({ relatedTarget }) => closeWhenLeft(element.current, relatedTarget)}
    >
      <summary>{name}</summary>
      {/* It can have the focus so that a click into it, to select text, does not close it. */}
      <div class="overlay" tabIndex={-1}>
        {children}
      </div>
    </details>
  );
}

function closeByKey(details: HTMLDetailsElement | null, event: KeyboardEvent): void {
  if (!details?.open) return;
  event.stopPropagation();
  details.open = false;
  details.querySelector('summary')?.focus();
}

/** A window that loses the focus to another one does not change. */
function closeWhenLeft(details: HTMLDetailsElement | null, target: EventTarget | null): void {
  if (details && document.hasFocus() && !(target instanceof Node && details.contains(target)))
    details.open = false;
}
