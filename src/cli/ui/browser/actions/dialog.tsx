import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { returnFocus } from '../elements/index.js';
import { view } from '../url/index.js';

interface DialogProps {
  readonly title: string;
  /** What it is about; read by screen readers after the title. */
  readonly subject: ComponentChildren;
  readonly children: ComponentChildren;
  readonly buttons: ComponentChildren;
  /** Whether Escape does nothing, because an answer is on its way. */
  readonly locked: boolean;
  readonly onClose: () => void;
}

/**
 * A modal dialog. The browser keeps the focus inside, and gives it back afterwards. A navigation closes it, such as by the
 * back button: the record may no longer be in view.
 */
export function Dialog({ title, subject, children, buttons, locked, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const hasNavigated = useRef(false);
  useEffect(() => open(dialog.current, hasNavigated), []);
  useEffect(() => keepFocus(dialog.current));
  useEffect(() => {
    if (locked) return undefined;
    return onNavigation(() => {
      // Before the page shows the other view: what gets the focus back is still there, and passes it on.
      hasNavigated.current = true;
      dialog.current?.close();
      onClose();
    });
  }, [locked, onClose]);
  const onCancel = (event: Event) => {
    event.preventDefault();
    if (!locked) onClose();
  };
  // The browser reports `close` later: a dialog that was replaced by the next one has no element by then.
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="dialog-title"
      aria-describedby="dialog-subject"
      onCancel={onCancel}
      onClose={() => dialog.current && onClose()}
    >
      <h2 id="dialog-title" tabIndex={-1}>
        {title}
      </h2>
      <p id="dialog-subject">{subject}</p>
      {children}
      <footer class="buttons">{buttons}</footer>
    </dialog>
  );
}

/** Returns the function that closes it and gives the focus back, unless another view has it. */
function open(dialog: HTMLDialogElement | null, hasNavigated: RefObject<boolean>): () => void {
  const before = document.activeElement;
  const details = before?.closest('aside');
  dialog?.showModal();
  dialog?.querySelector('h2')?.focus();
  return () => {
    dialog?.close();
    if (hasNavigated.current) return;
    // Drain was replaced by Undrain, for example.
    returnFocus(before, details?.querySelector('h2'));
  };
}

/** Calls back when the view changes. The returned function ends that. */
function onNavigation(callback: () => void): () => void {
  const before = view.peek();
  return view.subscribe((now) => {
    if (now !== before) callback();
  });
}

/** A button that had the focus may have been replaced by the next step. */
function keepFocus(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.contains(document.activeElement)) dialog.querySelector('h2')?.focus();
}
