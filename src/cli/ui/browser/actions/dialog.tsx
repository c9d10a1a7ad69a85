import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { returnFocus } from '../elements/index.js';

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

/** A modal dialog. The browser keeps the focus inside, and gives it back afterwards. */
export function Dialog({ title, subject, children, buttons, locked, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => open(dialog.current), []);
  useEffect(() => keepFocus(dialog.current));
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

function open(dialog: HTMLDialogElement | null): () => void {
  const before = document.activeElement;
  const details = before?.closest('aside');
  dialog?.showModal();
  dialog?.querySelector('h2')?.focus();
  return () => {
    dialog?.close();
    // Drain was replaced by Undrain, for example.
    returnFocus(before, details?.querySelector('h2'));
  };
}

/** A button that had the focus may have been replaced by the next step. */
function keepFocus(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.contains(document.activeElement)) dialog.querySelector('h2')?.focus();
}
