import { signal } from '@preact/signals';
import { render } from 'preact';
import type { ActionName, EndpointRow } from '../../protocol/index.js';
import { settings } from '../state/index.js';
import { ActionDialog } from './action-dialog.js';
import { Dialog } from './dialog.js';
import { actionLabel, actionPurpose, actionsFor, recordName } from './texts.js';

interface Opened {
  readonly row: EndpointRow;
  /** Undefined while the user chooses. */
  readonly action?: ActionName | undefined;
}

const opened = signal<Opened | undefined>(undefined);
let host: HTMLElement | undefined;

/**
 * Opens the dialog of an action, or the choice of an action. It is outside the list: the row that opened it may scroll
 * away, or its record may leave, while the dialog is open.
 */
export function openActions(row: EndpointRow, action?: ActionName): void {
  opened.value = { row, action };
  if (host) return;
  host = document.createElement('div');
  document.body.append(host);
  render(<ActionHost />, host);
}

function close(): void {
  opened.value = undefined;
}

function ActionHost() {
  if (!opened.value) return null;
  const { row, action } = opened.value;
  if (action) return <ActionDialog action={action} row={row} onClose={close} />;
  return <ActionChoice row={row} />;
}

function ActionChoice({ row }: { readonly row: EndpointRow }) {
  return (
    <Dialog
      title={recordName(row)}
      subject="Choose an action. Nothing is written before you confirm it."
      locked={false}
      onClose={close}
      buttons={
        <button type="button" onClick={close}>
          Cancel
        </button>
      }
    >
      <ul class="choices">
        {actionsFor(row, settings.value).map((action) => (
          <li key={action}>
            <button
              type="button"
              class={action === 'remove' ? 'danger' : ''}
              onClick={() => openActions(row, action)}
            >
              {actionLabel(action)} …
            </button>
            <span>{actionPurpose(action)}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
